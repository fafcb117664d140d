import assert from 'node:assert/strict';
import { ApiError } from '@tessera/api';
import { aNode, aService, aTask, NOW } from '../../testing/builders.js';
import { FakeStream, FakeTransport } from '../../testing/fake-transport.js';
import { assertGolden, passTimeUntil, runCli, startCli } from '../../testing/run-cli.js';

const node1 = aNode('node1');
const node2 = aNode('node2', {
  status: { state: 'down', message: 'no heartbeat for 3 s', at: NOW - 7_200_000 },
  spec: {
    availability: 'drain',
    labels: { zone: 'eu' },
    role: 'worker',
    taints: [{ key: 'dedicated', value: 'db', effect: 'no-schedule' }],
  },
});

describe('tsctl node', () => {
  it('lists nodes with their state and size', async () => {
    const transport = new FakeTransport().on('GET /v1/nodes', [node2, node1]);
    assertGolden('node-ls', (await runCli('node ls', transport)).out);
    assertGolden('node-ls-wide', (await runCli('node ls -o wide', transport)).out);
  });

  it('adds and removes labels in one request', async () => {
    const transport = new FakeTransport().on('PATCH /v1/nodes/node1', node1);
    assert.equal((await runCli('node update --label-add zone=eu --label-rm disk --availability pause node1', transport)).code, 0);
    assert.deepEqual(transport.bodies, [{ availability: 'pause', labels: { disk: null, zone: 'eu' } }]);
  });

  it('adds and removes taints', async () => {
    const transport = new FakeTransport().on('PATCH /v1/nodes/node1', node1);
    assert.equal(
      (await runCli('node update --taint dedicated=db:no-schedule --taint-rm old --taint-rm x:no-execute node1', transport)).code,
      0,
    );
    assert.deepEqual(transport.bodies, [
      {
        taintsAdd: [{ key: 'dedicated', value: 'db', effect: 'no-schedule' }],
        taintsRemove: [{ key: 'old' }, { key: 'x', effect: 'no-execute' }],
      },
    ]);
    const { code, err } = await runCli('node update --taint dedicated=db node1', new FakeTransport());
    assert.equal(code, 2);
    assert.match(err, /"dedicated=db" is no taint\n {2}cure: write it as dedicated=db:no-schedule or/);
    assert.equal((await runCli('node update --taint-rm a:never node1', new FakeTransport())).code, 2);
  });

  it('keeps a part of the node for the host itself', async () => {
    const transport = new FakeTransport().on('PATCH /v1/nodes/node1', node1);
    assert.equal((await runCli('node update --reserve-cpu 0.5 --reserve-memory 512M node1', transport)).code, 0);
    assert.equal((await runCli('node update --reserve-memory agent node1', transport)).code, 0);
    assert.deepEqual(transport.bodies, [
      { reserved: { nanoCpus: 5e8, memoryBytes: 512 * 1024 ** 2 } },
      { reserved: { memoryBytes: null } },
    ]);
  });

  it('wants something to change, and only what there is', async () => {
    assert.equal((await runCli('node update node1', new FakeTransport())).code, 2);
    assert.equal((await runCli('node update --availability away node1', new FakeTransport())).code, 2);
    assert.equal((await runCli('node update --label-add zone node1', new FakeTransport())).code, 2);
  });

  it('waits with drain --wait until nothing runs there', async () => {
    const task = aTask(aService('web'), 1, 'running', { nodeId: node1.id, desired: 'shutdown' });
    const stream = new FakeStream();
    const transport = new FakeTransport()
      .on('PATCH /v1/nodes/node1', node1)
      .on('GET /v1/tasks?all=true', [task], [{ ...task, status: { ...task.status, state: 'shutdown' } }])
      .onStream('GET /v1/watch?kinds=tasks', stream);
    const run = startCli('node drain --wait node1', transport);
    await passTimeUntil(run, () => run.io.err.includes('1 task left'), 'the first look');
    stream.push({ type: 'tick', revision: 9 });
    await passTimeUntil(run, () => run.io.out !== '', 'the end');
    assert.equal(await run.exit, 0);
    assert.deepEqual(transport.bodies, [{ availability: 'drain' }]);
  });

  it('says with drain --wait what stands in the way of each task, and ends with 124 when time is over', async () => {
    const web = aService('shop_web');
    const obstacle = 'no suitable node (2 nodes: 1 drained, 1 constraint node.labels.disk==ssd)';
    const transport = new FakeTransport()
      .on('PATCH /v1/nodes/node1', node1)
      .on('GET /v1/tasks?all=true', [
        aTask(web, 1, 'running', { nodeId: node1.id }),
        aTask(web, 2, 'running', { nodeId: node1.id }),
        aTask(web, 3, 'running', { nodeId: node1.id, desired: 'shutdown' }),
        aTask(web, 4, 'running', { nodeId: node1.id }),
        aTask(web, 1, 'pending', { id: 'p1', status: { state: 'pending', at: NOW, message: obstacle } }),
        aTask(web, 2, 'preparing', { id: 'p2', nodeId: node2.id }),
      ])
      .onStream('GET /v1/watch?kinds=tasks', new FakeStream());
    const run = startCli('node drain --wait --timeout 5s node1', transport);
    await passTimeUntil(run, () => run.io.err.includes('in vain'), 'the end');
    assert.equal(await run.exit, 124);
    for (const line of [
      `shop_web.1 cannot move yet: ${obstacle}`,
      `shop_web.1: running, its successor is pending: ${obstacle}`,
      'shop_web.2: running, its successor is preparing',
      'shop_web.3: stopping',
      'shop_web.4: running, waits for its turn',
      'tsctl node activate node1',
    ])
      assert.ok(run.io.err.includes(line), `${line}\nin:\n${run.io.err}`);
  });

  it('activates and pauses', async () => {
    const transport = new FakeTransport().on('PATCH /v1/nodes/node1', node1);
    await runCli('node activate node1', transport);
    await runCli('node pause node1', transport);
    assert.deepEqual(transport.bodies, [{ availability: 'active' }, { availability: 'pause' }]);
  });

  it("passes the manager's refusal to forget a node that is up", async () => {
    const refusal = new ApiError('in-use', 'node1 is ready', { cure: 'stop its agent first, or use --force' });
    const { code, err } = await runCli('node rm node1', new FakeTransport().on('DELETE /v1/nodes/node1?force=false', refusal));
    assert.equal(code, 1);
    assert.match(err, /error: node1 is ready\n {2}cure: stop its agent/);
  });
});
