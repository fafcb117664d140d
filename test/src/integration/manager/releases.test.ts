import assert from 'node:assert/strict';
import { ApiError, type DeployResult, type FileReference, type ServiceSpec, type StackSpec } from '@tessera/api';
import { service, stack, TestManager } from './test-manager.js';

const file = (name: string, text: string) => ({ name, labels: {}, data: Buffer.from(text).toString('base64') });
const mount = (source: string): FileReference => ({ source, target: `/${source}`, uid: '0', gid: '0', mode: 0o444 });

describe('Releases of a manager', () => {
  let manager: TestManager;
  before(async () => {
    manager = await TestManager.start();
  });
  after(() => manager.remove());

  const deploy = (spec: StackSpec, query: { atomic?: boolean; message?: string; plan?: string } = {}): Promise<DeployResult> =>
    manager.client().call('deployStack', { params: { ref: spec.name }, query: { prune: false, ...query }, body: spec });
  const releases = (ref: string) => manager.client().call('listReleases', { params: { ref } });
  const specOf = async (ref: string): Promise<ServiceSpec> => (await manager.client().call('getService', { params: { ref } })).service.spec;
  const web = (name: string, image: string, change: (spec: ServiceSpec) => void = () => {}): ServiceSpec => {
    const spec = service(name);
    spec.mode = { kind: 'replicated', replicas: 0 };
    spec.template.container.image = image;
    change(spec);
    return spec;
  };

  it('number each deploy that changes something, with who, why and what', async () => {
    await deploy(stack('num', { services: [web('num_web', 'web:1')] }), { message: 'first' });
    const { release } = await deploy(stack('num', { services: [web('num_web', 'web:2')] }));
    const { release: same } = await deploy(stack('num', { services: [web('num_web', 'web:2')] }), { message: 'nothing' });
    assert.deepEqual([release, same], [2, 2]);
    const [second, first, ...others] = await releases('num');
    assert.deepEqual(others, []);
    assert.deepEqual([first?.number, first?.author, first?.message], [1, 'admin', 'first']);
    assert.deepEqual([second?.number, second?.services.map(({ name, specRevision }) => [name, specRevision])], [2, [['num_web', 2]]]);
    const detail = await manager.client().call('getRelease', { params: { ref: 'num', number: 1 } });
    assert.equal(detail.services[0]?.template.container.image, 'web:1');
  });

  it('bring back services, networks, and configs with their contents, and remove what came later', async () => {
    const first = stack('back', {
      services: [web('back_web', 'web:1', ({ template }) => void (template.container.configs = [mount('back_conf')]))],
      networks: [
        { name: 'back_net', labels: { a: '1' }, driver: 'overlay', driverOptions: {}, internal: false, attachable: false, ipv6: false },
      ],
      configs: [file('back_conf', 'old')],
    });
    await deploy(first);
    const before = await specOf('back_web');
    await deploy({
      ...first,
      services: [
        web('back_web', 'web:2', ({ template }) => void (template.container.configs = [mount('back_conf')])),
        web('back_api', 'api:1'),
      ],
      configs: [file('back_conf', 'new')],
    });
    const client = manager.client();
    const result = await client.call('rollbackStack', { params: { ref: 'back' }, body: { release: 1, message: 'new is bad' } });
    assert.equal(result.release, 3);
    assert.deepEqual(await specOf('back_web'), before);
    await assert.rejects(client.call('getService', { params: { ref: 'back_api' } }), { code: 'not-found' });
    const conf = (await client.call('listConfigs', {})).find(({ spec }) => spec.name === 'back_conf');
    assert.equal(Buffer.from(conf?.spec.data ?? '', 'base64').toString(), 'old');
    const [third] = await releases('back');
    assert.deepEqual([third?.restores, third?.message, third?.services.length], [1, 'new is bad', 1]);
    const again = await client.call('rollbackStack', { params: { ref: 'back' }, body: { release: 2 } });
    assert.equal(again.release, 4);
    assert.equal((await specOf('back_api')).template.container.image, 'api:1');
  });

  it('name what there is when a number is not kept', async () => {
    await deploy(stack('few', { services: [web('few_web', 'web:1')] }));
    const error = await manager
      .client()
      .call('rollbackStack', { params: { ref: 'few' }, body: { release: 9 } })
      .then(
        () => assert.fail('it was taken'),
        (thrown: unknown) => thrown,
      );
    assert.ok(error instanceof ApiError);
    assert.deepEqual(
      [error.code, error.message, error.cure],
      ['not-found', "stack 'few' has no release 9", 'there are 1: tsctl history few'],
    );
    await assert.rejects(manager.client().call('rollbackStack', { params: { ref: 'few' }, body: {} }), { code: 'conflict' });
  });

  it('give one service its spec of a release, and record it', async () => {
    await deploy(stack('one', { services: [web('one_web', 'web:1'), web('one_api', 'api:1')] }));
    await deploy(stack('one', { services: [web('one_web', 'web:2'), web('one_api', 'api:2')] }));
    const back = await manager.client().call('rollbackService', { params: { ref: 'one_web' }, body: { number: 1 } });
    assert.deepEqual([back.spec.template.container.image, back.specRevision], ['web:1', 3]);
    assert.equal((await specOf('one_api')).template.container.image, 'api:2');
    const [third] = await releases('one');
    assert.deepEqual(
      third?.services.map(({ name, specRevision }) => [name, specRevision]),
      [
        ['one_web', 3],
        ['one_api', 2],
      ],
    );
    assert.match(third?.message ?? '', /^one_web: to revision 1/);
    await manager.client().call('rollbackService', { params: { ref: 'one_web' }, body: {} });
    assert.equal((await specOf('one_web')).template.container.image, 'web:2');
  });

  it('are refused when they would do something else than the plan whose hash they give', async () => {
    const client = manager.client();
    const plan = (spec: StackSpec) => client.call('planStack', { params: { ref: spec.name }, query: { prune: false }, body: spec });
    const spec = stack('planned', { services: [service('planned_web')] });
    const { hash } = await plan(spec);
    assert.equal((await plan(spec)).hash, hash);
    const other = stack('planned', { services: [service('planned_web', { labels: { a: '1' } })] });
    await assert.rejects(deploy(other, { plan: hash.slice(0, 12) }), { code: 'plan-changed', status: 409 });
    await deploy(spec, { plan: hash.slice(0, 12) });
    await assert.rejects(deploy(spec, { plan: hash }), { code: 'plan-changed' });
  });

  it('go with their stack', async () => {
    await deploy(stack('gone', { services: [web('gone_web', 'web:1')], secrets: [file('gone_key', 'x')] }));
    const client = manager.client();
    await client.call('removeStack', { params: { ref: 'gone' } });
    await deploy(stack('gone', { services: [web('gone_web', 'web:1')] }));
    assert.deepEqual(
      (await releases('gone')).map(({ number }) => number),
      [1],
    );
  });
});
