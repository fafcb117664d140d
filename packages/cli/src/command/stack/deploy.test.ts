import assert from 'node:assert/strict';
import { ApiError, type StackSpec } from '@tessera/api';
import { aProgress, aService, aTask, NOW } from '../../testing/builders.js';
import type { FakeIoOptions } from '../../testing/fake-io.js';
import { FakeStream, FakeTransport } from '../../testing/fake-transport.js';
import { assertGolden, passTimeUntil, runCli, startCli } from '../../testing/run-cli.js';

const COMPOSE = 'services:\n  web:\n    image: shop/web:1\n    deploy:\n      replicas: 3\n';
const FILES: FakeIoOptions = { files: { '/work/compose.yml': COMPOSE } };
const DEPLOY = 'PUT /v1/stacks/shop?prune=false&resolve=always';
const WATCH = 'GET /v1/watch?kinds=services,tasks,nodes';
const PROGRESS = 'GET /v1/progress?stack=shop';
const APPLIED = 'GET /v1/network-applied?stack=shop';

const web = aService('shop_web');
const stack = { id: 'stack1', revision: 9, createdAt: NOW, updatedAt: NOW, name: 'shop' };
const deployed = {
  stack,
  changes: [
    { kind: 'services', name: 'shop_web', id: web.id, outcome: 'created', restarts: true },
    { kind: 'networks', name: 'shop_default', id: 'net1', outcome: 'unchanged', restarts: false },
  ],
  revision: 9,
};
const starting = aProgress(web, { desired: 3, running: 1, updated: 1, converged: false, waiting: '2 tasks: pulling image' });
const done = aProgress(web, { desired: 3, running: 3, updated: 3 });

function managers(stream: FakeStream): FakeTransport {
  return new FakeTransport().on(DEPLOY, deployed).on(APPLIED, { behind: [], proxies: [] }).onStream(WATCH, stream);
}

describe('tsctl deploy', () => {
  it('sends the stack, follows it until it has converged, and ends with 0', async () => {
    const stream = new FakeStream();
    const transport = managers(stream).on(PROGRESS, [starting], [done]);
    const run = startCli('deploy -f compose.yml shop', transport, FILES);
    await passTimeUntil(run, () => run.io.err.includes('pulling'), 'the first look');
    stream.push({ type: 'synced', revision: 9 });
    await passTimeUntil(run, () => run.io.err.includes('converged'), 'convergence');
    assert.equal(await run.exit, 0);
    assertGolden('deploy', run.io.err);
    const sent = transport.bodies[0] as StackSpec;
    assert.deepEqual([sent.name, sent.services[0]?.name], ['shop', 'shop_web']);
  });

  it('prints every error of the files with its place and sends nothing', async () => {
    const broken = { files: { '/work/compose.yml': 'services:\n  web:\n    image: a\n    replicsa: 3\n  db: {}\n' } };
    const transport = new FakeTransport();
    const { code, err } = await runCli('deploy -f compose.yml shop', transport, broken);
    assert.equal(code, 2);
    assert.match(err, /compose\.yml:4:5: error: /);
    assert.match(err, /nothing was sent/);
    assert.deepEqual(transport.requests, []);
  });

  it('says where it looked when there is no file', async () => {
    const { code, err } = await runCli('deploy', new FakeTransport());
    assert.equal(code, 2);
    assert.match(err, /no Compose file in \/work/);
  });

  it('ends with 1, the reason and the last error when a service cannot come up', async () => {
    const failed = aProgress(web, { desired: 3, running: 0, updated: 0, converged: false, failed: 'update paused: 2 of 3 tasks failed' });
    const task = aTask(web, 2, 'failed', { status: { state: 'failed', at: NOW, message: 'failed', error: 'exit code 1: no such table' } });
    const transport = managers(new FakeStream()).on(PROGRESS, [failed]).on(`GET /v1/tasks?service=${web.id}&all=true`, [task]);
    const { code, err } = await runCli('deploy -f compose.yml shop', transport, FILES);
    assert.equal(code, 1);
    assertGolden('deploy-failed', err);
  });

  for (const [verdict, exitCode] of [
    ['failing', 1],
    ['rolled-back', 6],
    ['paused', 7],
    ['deadline', 8],
  ] as const) {
    it(`ends with ${exitCode} when the service is ${verdict} (docker/cli 6752: no trust in exit codes)`, async () => {
      const failed = aProgress(web, { converged: verdict === 'rolled-back', failed: 'for a reason', verdict });
      const transport = managers(new FakeStream()).on(PROGRESS, [failed]).on(`GET /v1/tasks?service=${web.id}&all=true`, []);
      assert.equal((await runCli('deploy -f compose.yml shop', transport, FILES)).code, exitCode);
    });
  }

  it('ends with 9 when the plan does not hold any more', async () => {
    const changed = new ApiError('plan-changed', 'the plan abcdef012345 does not hold any more');
    const transport = new FakeTransport().on(`${DEPLOY}&plan=abcdef012345`, changed);
    const { code, err } = await runCli('deploy -f compose.yml --plan abcdef012345 shop', transport, FILES);
    assert.equal(code, 9);
    assert.match(err, /does not hold any more/);
  });

  it('ends with 0 when a canary stands, and says how to go on', async () => {
    const update = {
      state: 'canary' as const,
      startedAt: NOW,
      message: "canary: 1 of 3 slots are new and wait for 'tsctl update promote shop_web'",
    };
    const canary = aProgress(web, { desired: 3, running: 3, updated: 1, converged: false, verdict: 'canary', update });
    const { code, err } = await runCli('deploy -f compose.yml shop', managers(new FakeStream()).on(PROGRESS, [canary]), FILES);
    assert.equal(code, 0);
    assertGolden('deploy-canary', err);
  });

  it('ends with 124 and tells what is open when the time is over', async () => {
    const transport = managers(new FakeStream()).on(PROGRESS, [starting]);
    const run = startCli('deploy -f compose.yml shop --timeout 90s', transport, FILES);
    await passTimeUntil(run, () => run.io.err.includes('pulling'), 'the first look');
    await run.io.clock.advance(90_000);
    assert.equal(await run.exit, 124);
    assertGolden('deploy-timeout', run.io.err.slice(run.io.err.indexOf('error:')));
  });

  it('says at Ctrl-C that the deploy goes on, and ends with 130', async () => {
    const transport = managers(new FakeStream()).on(PROGRESS, [starting]);
    const run = startCli('deploy -f compose.yml shop', transport, FILES);
    await passTimeUntil(run, () => run.io.err.includes('pulling'), 'the first look');
    run.io.interrupt();
    assert.equal(await run.exit, 130);
    assert.match(run.io.err, /the deploy of shop goes on\. see: tsctl ps shop\n$/);
  });

  it('outlives a manager that goes away while it waits', async () => {
    const first = new FakeStream();
    const second = new FakeStream();
    const transport = managers(first).onStream(WATCH, first, second).on(PROGRESS, [starting], [done]);
    const run = startCli('deploy -f compose.yml shop', transport, FILES);
    await passTimeUntil(run, () => run.io.err.includes('pulling'), 'the first look');
    first.break(new ApiError('unavailable', 'the manager closed the connection'));
    await passTimeUntil(run, () => run.io.err.includes('trying again'), 'the disturbance');
    second.push({ type: 'synced', revision: 10 });
    await passTimeUntil(run, () => run.io.err.includes('converged'), 'convergence');
    assert.equal(await run.exit, 0);
  });

  it('ends when the nodes send clients to what runs, and names those that do not yet', async () => {
    let take = (_: unknown): void => {};
    const transport = managers(new FakeStream()).on(PROGRESS, [done]);
    transport.on(APPLIED, () => new Promise((resolve) => (take = resolve)));
    const run = startCli('deploy -f compose.yml shop', transport, FILES);
    await passTimeUntil(run, () => transport.requests.includes(APPLIED), 'the question for the nodes');
    assert.doesNotMatch(run.io.err, /converged in/);
    take({ behind: ['n2', 'n3'], proxies: ['http_proxy.1'] });
    assert.equal(await run.exit, 0);
    assert.match(
      run.io.err,
      /converged in .*\nnot yet known to n2, n3: requests there may fail for now; see: tsctl network doctor\nwithout the present routes yet: http_proxy\.1; see: tsctl http status\n$/,
    );
  });

  it('says so when nobody can be asked what the nodes know', async () => {
    const transport = managers(new FakeStream()).on(PROGRESS, [done]).on(APPLIED, new ApiError('unavailable', 'no manager'));
    const { code, err } = await runCli('deploy -f compose.yml shop', transport, FILES);
    assert.equal(code, 0);
    assert.match(err, /\nwhether all nodes send clients there is not known: no manager\n$/);
  });

  it('does not wait with --detach', async () => {
    const transport = new FakeTransport().on(DEPLOY, deployed);
    const { code, err } = await runCli('deploy -d -f compose.yml shop', transport, FILES);
    assert.equal(code, 0);
    assert.match(err, /see how it goes: tsctl ps shop/);
    assert.deepEqual(transport.requests, [DEPLOY]);
  });

  it('gives programs one JSON document on standard output', async () => {
    const transport = managers(new FakeStream()).on(PROGRESS, [done]);
    const { out } = await runCli('deploy -o json -f compose.yml shop', transport, FILES);
    assert.deepEqual(JSON.parse(out), { ...deployed, progress: [done] });
  });

  it("gives the manager's refusal with its cure", async () => {
    const refusal = new ApiError('port-in-use', 'port 80 is published by blog_web', { cure: 'choose another port' });
    const { code, err } = await runCli('deploy -f compose.yml shop', new FakeTransport().on(DEPLOY, refusal), FILES);
    assert.equal(code, 1);
    assert.equal(err, 'error: port 80 is published by blog_web\n  cure: choose another port\n');
  });

  it('reads a file from standard input as Docker does', async () => {
    const transport = new FakeTransport().on('PUT /v1/stacks/shop?prune=true&resolve=always', deployed);
    const { code } = await runCli('stack deploy -c - --prune --detach shop', transport, { stdin: COMPOSE });
    assert.equal(code, 0);
  });
});
