import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { ApiError, type StackSpec, type WatchLine } from '@tessera/api';
import { service, stack, TestManager } from './test-manager.js';

const port = (published?: number) => ({
  protocol: 'tcp' as const,
  target: 80,
  mode: 'ingress' as const,
  ...(published !== undefined && { published }),
});
const file = (name: string, text: string) => ({ name, labels: {}, data: Buffer.from(text).toString('base64') });

describe('Deploying to a manager', () => {
  let manager: TestManager;
  before(async () => {
    manager = await TestManager.start();
  });
  after(() => manager.remove());

  const deploy = (spec: StackSpec, prune = false) =>
    manager.client().call('deployStack', { params: { ref: spec.name }, query: { prune }, body: spec });
  const refusal = async (spec: StackSpec): Promise<ApiError> => {
    const error = await deploy(spec).then(
      () => assert.fail('it was taken'),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof ApiError, String(error));
    return error;
  };
  const outcomes = ({ changes }: Awaited<ReturnType<typeof deploy>>) =>
    Object.fromEntries(changes.map((change) => [change.name, change.outcome]));

  it('creates what is new, leaves what is the same and updates what differs', async () => {
    const spec = stack('one', { services: [service('one_web', { ports: [port()] })], secrets: [file('one_key', 'a')] });
    assert.deepEqual(outcomes(await deploy(spec)), { one_key: 'created', one_web: 'created' });
    const again = await deploy(spec);
    assert.deepEqual(outcomes(again), { one_key: 'unchanged', one_web: 'unchanged' });
    const { service: web } = await manager.client().call('getService', { params: { ref: 'one_web' } });
    assert.equal(web.ports[0]?.published, 30_000);
    const changed = await deploy({
      ...spec,
      services: [service('one_web', { ports: [port()], mode: { kind: 'replicated', replicas: 2 } })],
    });
    assert.deepEqual(outcomes(changed), { one_key: 'unchanged', one_web: 'updated' });
    const { service: scaled } = await manager.client().call('getService', { params: { ref: 'one_web' } });
    assert.deepEqual([scaled.specRevision, scaled.templateHash, scaled.ports], [2, web.templateHash, web.ports]);
  });

  it('replaces tasks when the content of a secret changes', async () => {
    const web = service('hashes_web');
    web.template.container.secrets = [{ source: 'hashes_key', target: '/run/secrets/key', uid: '0', gid: '0', mode: 0o444 }];
    await deploy(stack('hashes', { services: [web], secrets: [file('hashes_key', 'old')] }));
    const { changes } = await deploy(stack('hashes', { services: [web], secrets: [file('hashes_key', 'new')] }));
    assert.deepEqual(
      changes.map(({ name, outcome, restarts }) => [name, outcome, restarts]),
      [
        ['hashes_key', 'updated', false],
        ['hashes_web', 'updated', true],
      ],
    );
  });

  it('prunes what is no longer listed only when it is asked to', async () => {
    await deploy(stack('pruned', { services: [service('pruned_a'), service('pruned_b')] }));
    const only = stack('pruned', { services: [service('pruned_a')] });
    assert.deepEqual(outcomes(await deploy(only)), { pruned_a: 'unchanged' });
    assert.deepEqual(outcomes(await deploy(only, true)), { pruned_a: 'unchanged', pruned_b: 'removed' });
  });

  it('writes more objects than one txn takes', async () => {
    const services = Array.from({ length: 90 }, (_, index) => service(`many_s${index}`, { mode: { kind: 'replicated', replicas: 0 } }));
    await deploy(stack('many', { services }));
    assert.equal((await manager.client().call('getStack', { params: { ref: 'many' } })).services.length, 90);
    assert.equal((await manager.client().call('removeStack', { params: { ref: 'many' } })).removed.length, 90);
  });

  it('refuses a port that another service publishes and names the owner', async () => {
    await deploy(stack('owner', { services: [service('owner_web', { ports: [port(8080)] })] }));
    const error = await refusal(stack('thief', { services: [service('thief_web', { ports: [port(8080)] })] }));
    assert.equal(
      `${error.code}: ${error.message}`,
      "port-in-use: port 8080/tcp of service 'thief_web' is published by service 'owner_web' already",
    );
    await assert.rejects(manager.client().call('getStack', { params: { ref: 'thief' } }), { code: 'not-found' });
  });

  it('gives two deploys at the same time two different ports', async () => {
    await Promise.all(['left', 'right'].map((name) => deploy(stack(name, { services: [service(`${name}_web`, { ports: [port()] })] }))));
    const services = await manager.client().call('listServices', { query: {} });
    const published = services.flatMap(({ ports }) => ports.map((each) => each.published));
    assert.equal(new Set(published).size, published.length);
  });

  it('refuses names of others, missing references, circles and constraints that say nothing', async () => {
    await deploy(stack('mine', { services: [service('taken')] }));
    const theirs = await refusal(stack('theirs', { services: [service('taken')] }));
    assert.equal(theirs.message, "service 'taken' exists already and belongs to stack 'mine'");

    const lost = service('bad_web', {
      placement: { constraints: ['node.colour==red'], preferences: [], maxReplicasPerNode: 0, platforms: [] },
    });
    lost.template.networks = [{ network: 'nowhere', aliases: [] }];
    const dependency = (name: string) => ({ service: name, condition: 'service_started' as const, required: true, restart: false });
    const circle = [service('bad_a', { dependsOn: [dependency('bad_b')] }), service('bad_b', { dependsOn: [dependency('bad_a')] })];
    const { code, message, details } = await refusal(stack('bad', { services: [lost, ...circle] }));
    assert.deepEqual([code, message], ['invalid-spec', "stack 'bad' has 3 problems"]);
    assert.match(details[0] ?? '', /^service 'bad_web': constraint "node.colour" is nothing of a node: known are node.id/);
    assert.deepEqual(details.slice(1), [
      "service 'bad_web' needs network 'nowhere', which exists neither in the stack nor in the cluster",
      'services depend on each other in a circle: bad_a -> bad_b -> bad_a',
    ]);
  });

  it('says in words what does not have the right form', async () => {
    const wrong = { ...stack('form'), services: [{ ...service('form_web'), imge: 1 }] } as unknown as StackSpec;
    assert.equal((await refusal(wrong)).message, "body.services[0]: 'imge' is not known");
    const text = { ...service('form_web'), mode: { kind: 'replicated', replicas: 'x' } };
    const error = await refusal({ ...stack('form'), services: [text] } as unknown as StackSpec);
    assert.equal(`${error.code}: ${error.message}`, 'invalid-request: body.services[0].mode.replicas must be integer');
    const mismatch = manager.client().call('deployStack', { params: { ref: 'form' }, query: { prune: false }, body: stack('other') });
    await assert.rejects(mismatch, { code: 'invalid-request', message: "the path names stack 'form' and the body stack 'other'" });
  });

  it('gives the state, and then every change, without the content of secrets', async () => {
    const stop = new AbortController();
    const lines: WatchLine[] = [];
    await deploy(stack('seen', { secrets: [file('seen_key', 'hidden')] }));
    for await (const line of manager.client().stream('watch', { query: { kinds: 'secrets' } }, stop.signal)) {
      lines.push(line);
      if (line.type === 'synced') await deploy(stack('seen', { secrets: [file('seen_key', 'changed')] }));
      else if (lines.some((earlier) => earlier.type === 'synced')) break;
    }
    stop.abort();
    const last = lines.at(-1);
    assert.ok(last?.type === 'put');
    assert.equal((last.object as { spec: { name: string } }).spec.name, 'seen_key');
    assert.ok(!JSON.stringify(lines).includes(Buffer.from('changed').toString('base64')));
  });

  it('says nothing of a secret, to whoever may see all else, by which it could be guessed', async () => {
    const web = service('guess_web');
    web.template.container.secrets = [{ source: 'guess_pin', target: '/run/secrets/pin', uid: '0', gid: '0', mode: 0o444 }];
    await deploy(stack('guess', { services: [web], secrets: [file('guess_pin', '1234')] }));
    const seen: string[] = [];
    for await (const line of manager.client().stream('watch', { query: {} })) {
      if (line.type === 'synced') break;
      seen.push(JSON.stringify(line));
    }
    for (const kind of ['secrets', 'revisions', 'releases', 'contents'])
      assert.ok(
        seen.some((line) => line.includes(`"kind":"${kind}"`)),
        `${kind} are among what is seen`,
      );
    const guess = createHash('sha256').update('1234').digest('hex');
    assert.deepEqual(
      seen.filter((line) => line.includes(guess.slice(0, 60))),
      [],
    );
  });

  it('names what is near when something is not found', async () => {
    await deploy(stack('near', { services: [service('near_web')] }));
    await assert.rejects(manager.client().call('getService', { params: { ref: 'near_wbe' } }), {
      code: 'not-found',
      message: "no service has the name or id 'near_wbe'",
      cure: "did you mean 'near_web'?",
    });
  });

  it('refuses an update that was made from an older revision', async () => {
    await deploy(stack('race', { services: [service('race_web')] }));
    const client = manager.client();
    const { service: read } = await client.call('getService', { params: { ref: 'race_web' } });
    await client.call('scaleService', { params: { ref: 'race_web' }, body: { replicas: 3 } });
    const update = client.call('updateService', { params: { ref: 'race_web' }, query: { revision: read.revision }, body: read.spec });
    await assert.rejects(update, { code: 'conflict' });
  });

  it('has everything that it acknowledged after a restart', async () => {
    await deploy(stack('kept', { services: [service('kept_web')], secrets: [file('kept_key', 'x')] }));
    await manager.stop();
    await manager.run();
    const { services } = await manager.client().call('getStack', { params: { ref: 'kept' } });
    assert.deepEqual(
      services.map(({ spec }) => spec.name),
      ['kept_web'],
    );
    assert.equal((await manager.client().call('listSecrets', {})).find(({ spec }) => spec.name === 'kept_key')?.spec.data, '');
  });
});
