import assert from 'node:assert/strict';
import { EngineError } from '../ports/engine.js';
import { NetworkIncomplete } from '../ports/node-network.js';
import { MemoryTaskDb } from '../task-db/memory-task-db.js';
import { assignmentOf, containerOf, networkOf } from '../testing/builders.js';
import { needsPull, RunnerWorld, setOf } from '../testing/runner-world.js';

const APP = networkOf(5, { id: 'app', name: 'app', peers: [] });

describe('Runner', () => {
  let world: RunnerWorld;

  beforeEach(() => {
    world = new RunnerWorld();
  });
  afterEach(() => world.runner.stop());

  it('goes on when the engine answers again, and tells nothing wrong meanwhile', async () => {
    world.engine.failure = new EngineError('gone', 'the engine does not answer');
    await world.runner.replaceDesired(1, setOf(assignmentOf()));
    await world.clock.advance(30_000);
    assert.equal(world.state('t1'), 'accepted');
    assert.equal(world.reports.at(-1)?.status.message, 'waiting for the Docker engine, which does not answer');
    assert.ok(world.reports.length <= 2, 'told once');
    world.engine.failure = undefined;
    await world.comesTo('t1', 'running');
  });

  it('kills what the engine lost in a container, when it is back and does not call it running', async () => {
    await world.runner.replaceDesired(1, setOf(assignmentOf()));
    await world.comesTo('t1', 'running');
    assert.deepEqual(world.killed, []);
    world.engine.failure = new EngineError('gone', 'the engine does not answer');
    world.engine.change('c1', { state: 'exited', exitCode: 255 });
    await world.clock.advance(2_000);
    assert.deepEqual(world.killed, []);
    world.engine.failure = undefined;
    await world.comesTo('t1', 'failed');
    assert.deepEqual(world.killed, ['c1']);
  });

  it('starts again what a lost host ran only when a manager wants it, or none has spoken for a while', async () => {
    await world.runner.replaceDesired(1, setOf(assignmentOf(), assignmentOf({ id: 't2', slot: 2, startAfter: 0 })));
    await world.comesTo('t1', 'running');
    await world.comesTo('t2', 'running');
    await world.runner.stop();
    for (const id of ['c1', 'c2']) world.engine.change(id, { state: 'exited', exitCode: 255 });
    await world.clock.advance(60_000);
    world.restart();
    await world.clock.advance(2_900);
    assert.equal(world.runningContainers().length, 0);
    await world.runner.replaceDesired(1, setOf());
    await world.clock.advance(60_000);
    assert.equal(world.runningContainers().length, 0, 'nobody wants them');
  });

  it('starts again what a lost host ran, also when no manager can be reached', async () => {
    await world.runner.replaceDesired(1, setOf(assignmentOf()));
    await world.comesTo('t1', 'running');
    await world.runner.stop();
    world.engine.change('c1', { state: 'exited', exitCode: 255 });
    world.restart();
    await world.clock.advanceUntil(() => world.runningContainers().length === 1, 10_000, 'it to run again');
  });

  it('waits for the network of a task, and keeps it until the task is gone', async () => {
    world.network.failure = new Error('no kernel today');
    const task = assignmentOf({ networks: [{ networkId: 'app', name: 'app', aliases: [] }] });
    await world.runner.replaceDesired(1, { ...setOf(task), networks: [APP] });
    await world.clock.advance(5_000);
    assert.equal(world.state('t1'), 'preparing');
    assert.equal(world.engine.containers.size, 0);
    world.network.failure = undefined;
    await world.comesTo('t1', 'running');
    world.engine.failure = new EngineError('gone', 'the engine does not answer');
    await world.runner.replaceDesired(2, setOf({ ...task, networks: [], desired: 'remove' }));
    await world.clock.advance(5_000);
    assert.deepEqual(world.network.applied.at(-1), ['app']);
    world.engine.failure = undefined;
    await world.clock.advanceUntil(() => world.network.applied.at(-1)?.length === 0, 60_000, 'the network to go');
    assert.equal(world.engine.containers.size, 0);
  });

  it('tells what it has applied once clients are sent right, whether or not a network can be set up', async () => {
    const applied: number[] = [];
    world.runner.onApplied((seq) => applied.push(seq));
    world.network.failure = new Error('the kernel refuses the table');
    await world.runner.replaceDesired(1, setOf());
    await world.clock.advance(5_000);
    assert.equal(applied.length, 0);
    world.network.failure = new NetworkIncomplete('the engine does not answer');
    await world.clock.advanceUntil(() => applied.includes(1), 60_000, 'the number');
  });

  it('says that the address of an ended container is nobody’s before the engine answers for it', async () => {
    const task = assignmentOf({ networks: [{ networkId: 'app', name: 'app', aliases: [] }] });
    await world.runner.replaceDesired(1, { ...setOf(task), networks: [APP] });
    await world.comesTo('t1', 'running');
    const [containerId = ''] = world.engine.containers.keys();
    world.engine.change(containerId, { addresses: { 'ts-app': '10.0.1.5' } });
    await world.clock.advance(0);
    assert.deepEqual(world.reports.at(-1)?.status.addresses, { app: '10.0.1.5' });
    world.engine.failure = new EngineError('timeout', 'the engine takes its network down');
    world.engine.tell({ containerId, taskId: 't1', hasEnded: true });
    await world.clock.advance(0);
    const { state, addresses } = world.reports.at(-1)!.status;
    assert.deepEqual([state, addresses], ['running', {}]);
  });

  it('pulls an image once for all tasks that wait for it', async () => {
    await world.runner.replaceDesired(1, setOf(needsPull('a', 1), needsPull('b', 2)));
    await world.clock.advance(100);
    assert.equal(world.engine.pulls.length, 1);
    world.engine.pulls[0]?.options.onProgress('pulling image: 1 of 2 layers');
    world.engine.pulls[0]?.finish();
    await world.comesTo('a', 'running');
    await world.comesTo('b', 'running');
  });

  it('gives a pull up when no task wants the image any more', async () => {
    await world.runner.replaceDesired(1, setOf(needsPull('a', 1), needsPull('b', 2)));
    await world.clock.advance(100);
    await world.runner.replaceDesired(2, setOf(needsPull('b', 2)));
    await world.comesTo('a', 'shutdown');
    assert.equal(world.engine.pulls[0]?.options.signal.aborted, false);
    await world.runner.mergeDesired(3, setOf({ ...needsPull('b', 2), desired: 'shutdown' }), {
      tasks: [],
      ended: [],
      networks: [],
      services: [],
      files: [],
    });
    await world.comesTo('b', 'shutdown');
    assert.equal(world.engine.pulls[0]?.options.signal.aborted, true);
  });

  it('rejects a task whose image cannot be had', async () => {
    await world.runner.replaceDesired(1, setOf(needsPull('a', 1)));
    await world.clock.advance(100);
    world.engine.pulls[0]?.finish(new EngineError('registry-unreachable', 'registry far cannot be reached'));
    await world.comesTo('a', 'rejected');
    assert.equal(world.reports.at(-1)?.status.error, 'registry far cannot be reached');
  });

  it('restarts a crashed task after its delay, also as a new process, with one successor only', async () => {
    await world.runner.replaceDesired(1, setOf(assignmentOf()));
    await world.comesTo('t1', 'running');
    world.engine.change('c1', { state: 'exited', exitCode: 1 });
    await world.comesTo('t1', 'failed');
    const successor = world.reports.find(({ successorOf }) => successorOf === 't1')?.taskId ?? '';
    await world.runner.stop();
    world.restart();
    assert.deepEqual(
      world.runner.heldTasks().map(({ taskId }) => taskId),
      ['t1', successor],
    );
    const failedAt = world.clock.now();
    await world.comesTo(successor, 'running');
    assert.ok(world.clock.now() - failedAt >= 4_900, 'the delay of 5 s was waited out');
    assert.equal(world.reports.filter(({ successorOf, status }) => successorOf !== undefined && status.state === 'accepted').length, 1);
  });

  it('tells with the end of a task what it printed last, and does not wait for a log that never comes', async () => {
    world.engine.printed = ['one', 'two', 'three', 'four', 'five', 'no database'];
    await world.runner.replaceDesired(1, setOf(assignmentOf()));
    await world.comesTo('t1', 'running');
    world.engine.change('c1', { state: 'exited', exitCode: 1 });
    await world.comesTo('t1', 'failed');
    const end = world.reports.findLast(({ taskId }) => taskId === 't1');
    assert.equal(end?.status.error, 'exit code 1: two | three | four | five | no database');
    const { taskId: second } = world.reports.find(({ successorOf }) => successorOf === 't1') ?? { taskId: '' };
    await world.comesTo(second, 'running');
    world.engine.printed = undefined;
    world.engine.change('c2', { state: 'exited', exitCode: 2 });
    await world.comesTo(second, 'failed');
    assert.equal(world.reports.findLast(({ taskId }) => taskId === second)?.status.error, 'exit code 2');
  });

  it('says what a task waits for while its network cannot be set up, and pulls its image only once meanwhile', async () => {
    world.network.failure = new Error('no room in the forwarding table');
    const pulled = needsPull('a', 1);
    pulled.template.container.pullPolicy = 'always';
    const task = { ...pulled, networks: [{ networkId: 'app', name: 'shop_app', aliases: [] }] };
    await world.runner.replaceDesired(1, { ...setOf(task), networks: [APP] });
    await world.clock.advance(100);
    world.engine.pulls[0]?.finish();
    await world.clock.advance(5_000);
    const told = world.reports.filter(({ taskId }) => taskId === 'a').map(({ status }) => status.message);
    assert.equal(told.at(-1), 'waiting for network shop_app: it cannot be set up: no room in the forwarding table');
    assert.ok(told.length < 6, `told ${told.length} times`);
    assert.equal(world.engine.pulls.length, 1);
    world.network.failure = undefined;
    await world.comesTo('a', 'running');
  });

  it('adopts containers that run when its memory is lost, once a manager names their tasks', async () => {
    await world.runner.replaceDesired(1, setOf(assignmentOf()));
    await world.comesTo('t1', 'running');
    await world.runner.stop();
    world.db = new MemoryTaskDb();
    world.restart();
    await world.clock.advance(60_000);
    assert.equal(world.engine.containers.get('c1')?.state, 'running');
    world.reports.length = 0;
    await world.runner.replaceDesired(1, setOf(assignmentOf()));
    await world.comesTo('t1', 'running');
    assert.deepEqual([...world.engine.containers.keys()], ['c1']);
  });

  it('removes leftovers of tasks that no manager names, and no foreign container', async () => {
    const ours = { 'tessera.node': 'n1', 'tessera.task': 'gone' };
    world.engine.change('x', containerOf({ id: 'x', name: 'x', labels: ours }));
    world.engine.change('y', containerOf({ id: 'y', name: 'y', labels: { 'tessera.task': 'theirs', 'tessera.node': 'n2' } }));
    await world.runner.replaceDesired(1, setOf());
    await world.clock.advanceUntil(() => !world.engine.containers.has('x'), 5_000);
    assert.deepEqual([...world.engine.containers.keys()], ['y']);
  });

  it('keeps the container of an ended task for its log until the manager names it no more', async () => {
    await world.runner.replaceDesired(1, setOf(assignmentOf()));
    await world.comesTo('t1', 'running');
    world.engine.change('c1', { state: 'exited', exitCode: 1 });
    await world.comesTo('t1', 'failed');
    world.runner.confirmReported(world.reports.filter(({ status }) => status.state === 'failed'));
    const nothing = { tasks: [], ended: [], networks: [], services: [], files: [] };
    await world.runner.mergeDesired(2, { ...setOf(assignmentOf({ id: 't2' })), ended: [{ id: 't1' }] }, { ...nothing, tasks: ['t1'] });
    await world.comesTo('t2', 'running');
    await world.runner.stop();
    world.restart();
    await world.clock.advance(60_000);
    assert.equal(world.engine.containers.get('c1')?.state, 'exited');
    await world.runner.mergeDesired(3, setOf(), { ...nothing, ended: ['t1'] });
    await world.clock.advanceUntil(() => !world.engine.containers.has('c1'), 5_000, 'the container to go');
    assert.equal(
      world.runner.heldTasks().some(({ taskId }) => taskId === 't1'),
      false,
    );
  });

  it('removes containers of ended tasks beyond its own limits, whatever the manager keeps', async () => {
    const ids = ['a', 'b', 'c', 'd'];
    await world.runner.replaceDesired(1, setOf(...ids.map((id) => assignmentOf({ id }))));
    for (const id of ids) await world.comesTo(id, 'running');
    await world.runner.replaceDesired(2, { ...setOf(), ended: ids.map((id) => ({ id })) });
    for (const id of ids) await world.comesTo(id, 'shutdown');
    await world.clock.advance(120_000);
    assert.equal(world.engine.containers.size, 2);
  });

  it('forgets an ended task only when the manager has stored its end', async () => {
    await world.runner.replaceDesired(1, setOf(assignmentOf()));
    await world.comesTo('t1', 'running');
    await world.runner.mergeDesired(2, setOf(), { tasks: ['t1'], ended: [], networks: [], services: [], files: [] });
    await world.comesTo('t1', 'shutdown');
    await world.clock.advance(1_000);
    assert.deepEqual(
      world.runner.heldTasks().map(({ taskId }) => taskId),
      ['t1'],
    );
    world.runner.confirmReported(world.reports.filter(({ status }) => status.state === 'shutdown'));
    await world.clock.advance(1_000);
    assert.deepEqual(world.runner.heldTasks(), []);
    assert.deepEqual(world.db.load().records, []);
  });

  it('keeps a bounded number of links of a crash loop without a manager', async () => {
    const quick = assignmentOf();
    quick.template.restart.delayMs = 0;
    await world.runner.replaceDesired(1, setOf(quick));
    for (let crash = 0; crash < 12; crash += 1) {
      await world.clock.advanceUntil(() => [...world.engine.containers.values()].some((one) => one.state === 'running'), 400_000);
      for (const [id, one] of world.engine.containers)
        if (one.state === 'running') world.engine.change(id, { state: 'exited', exitCode: 1 });
      await world.clock.advance(100);
    }
    await world.clock.advance(120_000);
    assert.ok(world.runner.heldTasks().length <= 5, `${world.runner.heldTasks().length} tasks are held`);
    assert.equal([...world.engine.containers.values()].filter(({ state: one }) => one === 'exited').length, 2);
    await world.runner.replaceDesired(2, setOf());
    await world.clock.advance(5_000);
    assert.equal([...world.engine.containers.values()].filter(({ state: one }) => one === 'running').length, 0);
  });

  it('removes an image that it pulled when nobody uses it any more, and no other', async () => {
    await world.runner.replaceDesired(1, setOf(needsPull('a', 1)));
    await world.clock.advance(100);
    world.engine.pulls[0]?.finish();
    await world.comesTo('a', 'running');
    await world.clock.advance(120_000);
    assert.deepEqual(world.engine.removedImages, []);
    await world.runner.replaceDesired(2, setOf());
    await world.clock.advance(120_000);
    assert.deepEqual(world.engine.removedImages, ['far:1']);
  });
});
