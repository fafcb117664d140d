import assert from 'node:assert/strict';
import { ApiError } from '@tessera/api';
import { aService, aTask, NOW } from '../../testing/builders.js';
import { FakeStream, FakeTransport } from '../../testing/fake-transport.js';
import { assertGolden, passTimeUntil, runCli, startCli } from '../../testing/run-cli.js';

const summaries = [
  { name: 'shop', services: 3, tasksRunning: 5, tasksDesired: 6, converged: false, updatedAt: NOW - 125_000 },
  { name: 'blog', services: 1, tasksRunning: 1, tasksDesired: 1, converged: true, updatedAt: NOW - 3 * 86_400_000 },
];
const lists = (): FakeTransport => new FakeTransport().on('GET /v1/stacks', summaries);

describe('tsctl ls', () => {
  it('prints a table in order of names', async () => {
    const { code, out } = await runCli('ls', lists());
    assert.equal(code, 0);
    assertGolden('ls', out);
  });

  it('prints the data as it came for programs', async () => {
    const { out } = await runCli('stack ls -o json', lists());
    assert.deepEqual(
      (JSON.parse(out) as { name: string }[]).map(({ name }) => name),
      ['blog', 'shop'],
    );
    assertGolden('ls-yaml', (await runCli('ls --output yaml', lists())).out);
  });

  it('prints only names with -q', async () => {
    assert.equal((await runCli('ls -q', lists())).out, 'blog\nshop\n');
  });

  it('says on standard error what to do when there is nothing', async () => {
    const { out, err } = await runCli('ls', new FakeTransport().on('GET /v1/stacks', []));
    assert.match(err, /no stacks yet: tsctl deploy/);
    assert.match(out, /^NAME/);
  });

  it('ends with 5 and a cure when no manager can be reached', async () => {
    const gone = new ApiError('unavailable', 'the manager at 10.0.0.1:4600: refuses connections', { cure: 'start it' });
    const { code, err } = await runCli('ls', new FakeTransport().on('GET /v1/stacks', gone));
    assert.equal(code, 5);
    assert.equal(err, 'error: the manager at 10.0.0.1:4600: refuses connections\n  cure: start it\n');
  });

  it('colours only a terminal that wants it', async () => {
    const start = '\u001b[';
    assert.ok((await runCli('ls', lists(), { terminal: true })).out.includes(start));
    assert.ok(!(await runCli('ls --no-color', lists(), { terminal: true })).out.includes(start));
    assert.ok(!(await runCli('ls', lists(), { terminal: true, env: { NO_COLOR: '1' } })).out.includes(start));
    assert.ok(!(await runCli('ls', lists())).out.includes(start));
  });
});

describe('tsctl rm', () => {
  const web = aService('shop_web');
  const running = aTask(web, 1, 'running', { stack: 'shop', desired: 'remove' });
  const other = aTask(web, 2, 'running', { stack: 'blog' });
  const TASKS = 'GET /v1/tasks?all=true';
  const removal = (): FakeTransport =>
    new FakeTransport().on('DELETE /v1/stacks/shop', { removed: ['services/shop_web'] }).on(TASKS, [running, other], [other]);

  it('waits until the containers have stopped', async () => {
    const stream = new FakeStream();
    const run = startCli('rm shop', removal().onStream('GET /v1/watch?kinds=tasks', stream));
    await passTimeUntil(run, () => run.io.err.includes('1 task left'), 'the first look');
    assert.equal(run.io.out, '');
    stream.push({ type: 'delete', kind: 'tasks', id: running.id, revision: 12 });
    await passTimeUntil(run, () => run.io.out !== '', 'the end');
    assert.equal(await run.exit, 0);
    assert.equal(run.io.out, 'shop\n');
  });

  it('does not wait with --detach', async () => {
    const transport = removal();
    assert.equal((await runCli('stack rm -d shop', transport)).code, 0);
    assert.deepEqual(transport.requests, ['DELETE /v1/stacks/shop']);
  });

  it('ends with 124 and what is left when the time is over', async () => {
    const transport = removal().on(TASKS, [running]).onStream('GET /v1/watch?kinds=tasks', new FakeStream());
    const run = startCli('rm shop --timeout 20s', transport);
    await passTimeUntil(run, () => run.io.err.includes('1 task left'), 'the first look');
    await run.io.clock.advance(20_000);
    assert.equal(await run.exit, 124);
    assert.match(run.io.err, /the removal of shop goes on\n {2}shop_web\.1: running\n/);
  });

  it('ends with 4 for a stack that there is not', async () => {
    const absent = new ApiError('not-found', 'there is no stack "nope"');
    assert.equal((await runCli('rm nope', new FakeTransport().on('DELETE /v1/stacks/nope', absent))).code, 4);
  });
});

describe('tsctl plan', () => {
  const COMPOSE = { files: { '/work/compose.yml': 'services:\n  web:\n    image: shop/web:2\n' } };
  const PLAN = 'POST /v1/stacks/shop/plan?prune=true&resolve=always';
  const plan = {
    changes: [
      { kind: 'services', name: 'shop_web', id: 's1', outcome: 'updated', restarts: true },
      { kind: 'services', name: 'shop_old', id: 's2', outcome: 'removed', restarts: true },
      { kind: 'networks', name: 'shop_default', id: 'n1', outcome: 'unchanged', restarts: false },
    ],
    tasks: [
      { service: 'shop_web', slot: 1, action: 'replace', from: 'node2', node: 'node1', step: 1 },
      { service: 'shop_web', slot: 2, action: 'start', step: 2, reason: '0/1 node: 1 drained' },
      { service: 'shop_db', slot: 1, action: 'keep', node: 'node2' },
    ],
    unplaced: ['shop_web.2: 3 nodes: not enough memory'],
    hash: 'abcdef0123456789'.repeat(4),
  };

  it('prints changes, tasks with their nodes, and what has no node', async () => {
    const { code, out } = await runCli('plan --prune shop', new FakeTransport().on(PLAN, plan), COMPOSE);
    assert.equal(code, 0);
    assertGolden('plan', out);
  });

  it('ends with 3 for --exit-code only when something would change', async () => {
    const nothing = {
      changes: [{ kind: 'services', name: 'shop_web', id: 's1', outcome: 'unchanged', restarts: false }],
      tasks: [],
      unplaced: [],
      hash: 'abcdef0123456789'.repeat(4),
    };
    assert.equal((await runCli('plan --prune --exit-code shop', new FakeTransport().on(PLAN, plan), COMPOSE)).code, 3);
    const same = await runCli('plan --prune --exit-code shop', new FakeTransport().on(PLAN, nothing), COMPOSE);
    assert.equal(same.code, 0);
    assert.match(same.out, /nothing to do/);
  });
});

describe('tsctl stack services', () => {
  it('ends with 4 and a hint for a stack that there is not', async () => {
    const absent = new ApiError('not-found', 'no');
    const { code, err } = await runCli('stack services nope', new FakeTransport().on('GET /v1/stacks/nope', absent));
    assert.equal(code, 4);
    assert.equal(err, 'error: there is no stack "nope"\n  cure: see what there is: tsctl ls\n');
  });
});
