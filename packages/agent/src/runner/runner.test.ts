import assert from 'node:assert/strict';
import type { NetworkAssignment, NodeSetItems, TaskAssignment, TaskReport } from '@tessera/api';
import { SeededRandom, silentLog, VirtualClock } from '@tessera/kit';
import { EngineError } from '../ports/engine.js';
import type { NetworkState, NodeNetwork } from '../ports/node-network.js';
import { MemoryGrantStore } from '../task-db/memory-grant-store.js';
import { MemoryTaskDb } from '../task-db/memory-task-db.js';
import { assignmentOf, containerOf } from '../testing/builders.js';
import { FakeEngine } from '../testing/fake-engine.js';
import { Runner } from './runner.js';

class FakeNetwork implements NodeNetwork {
  /** Ids of the networks of each call. */
  readonly applied: string[][] = [];
  failure: Error | undefined;

  async apply({ networks }: NetworkState): Promise<void> {
    if (this.failure) throw this.failure;
    this.applied.push(networks.map(({ id }) => id));
  }

  plug(networkId: string) {
    return { dockerNetwork: `ts-${networkId}`, dnsServers: [] };
  }

  async drained(): Promise<void> {}
  containersChanged(): void {}
  async leave(): Promise<void> {}
  async stop(): Promise<void> {}
}

const NO_FILES = { folder: () => '/files', write: async () => {}, remove: async () => {}, keepOnly: async () => {} };
const APP: NetworkAssignment = {
  id: 'app',
  name: 'app',
  vni: 5,
  subnet: '10.0.0.0/16',
  block: '10.0.1.0/24',
  internal: false,
  attachable: false,
  driverOptions: {},
  peers: [],
};
const DAY_MS = 86_400_000;

function setOf(...tasks: TaskAssignment[]): NodeSetItems {
  return { tasks, ended: [], networks: [], services: [], files: [] };
}

/** An assignment whose image is not on the node. */
function needsPull(id: string, slot: number): TaskAssignment {
  const { template, ...rest } = assignmentOf({ id, slot });
  return { ...rest, template: { ...template, container: { ...template.container, image: 'far:1' } } };
}

describe('Runner', () => {
  let clock: VirtualClock;
  let engine: FakeEngine;
  let network: FakeNetwork;
  let db: MemoryTaskDb;
  let grants: MemoryGrantStore;
  let killed: string[];
  let runner: Runner;
  let reports: TaskReport[];

  const make = (): Runner => {
    const fresh = new Runner({
      clusterId: 'clu',
      node: { id: 'n1', hostname: 'alpha', os: 'linux', architecture: 'x86_64' },
      engine,
      network,
      db,
      files: NO_FILES,
      grants,
      killer: { kill: async (id) => killed.push(id) },
      retention: { perSlot: 2, maxAgeMs: DAY_MS },
      images: { unusedMs: 0, diskBytes: 1 },
      clock,
      random: new SeededRandom(1),
      log: silentLog,
      describe: () => Promise.reject(new Error('not part of these tests')),
    });
    fresh.onReport((report) => reports.push(report));
    fresh.start();
    return fresh;
  };
  const state = (taskId: string): string | undefined => reports.filter((report) => report.taskId === taskId).at(-1)?.status.state;
  const runningContainers = (): string[] => [...engine.containers.values()].filter((one) => one.state === 'running').map(({ id }) => id);
  const comesTo = (taskId: string, wanted: string): Promise<void> =>
    clock.advanceUntil(() => state(taskId) === wanted, 120_000, `${taskId} to be ${wanted}, it is ${state(taskId)}`);

  beforeEach(() => {
    clock = new VirtualClock();
    engine = new FakeEngine();
    network = new FakeNetwork();
    db = new MemoryTaskDb();
    grants = new MemoryGrantStore();
    killed = [];
    reports = [];
    runner = make();
  });
  afterEach(() => runner.stop());

  it('goes on when the engine answers again, and tells nothing wrong meanwhile', async () => {
    engine.failure = new EngineError('gone', 'the engine does not answer');
    await runner.replaceDesired(1, setOf(assignmentOf()));
    await clock.advance(30_000);
    assert.equal(state('t1'), 'accepted');
    assert.equal(reports.at(-1)?.status.message, 'waiting for the Docker engine, which does not answer');
    assert.ok(reports.length <= 2, 'told once');
    engine.failure = undefined;
    await comesTo('t1', 'running');
  });

  it('kills what the engine lost in a container, when it is back and does not call it running', async () => {
    await runner.replaceDesired(1, setOf(assignmentOf()));
    await comesTo('t1', 'running');
    assert.deepEqual(killed, []);
    engine.failure = new EngineError('gone', 'the engine does not answer');
    engine.change('c1', { state: 'exited', exitCode: 255 });
    await clock.advance(2_000);
    assert.deepEqual(killed, []);
    engine.failure = undefined;
    await comesTo('t1', 'failed');
    assert.deepEqual(killed, ['c1']);
  });

  it('starts again what a lost host ran only when a manager wants it, or none has spoken for a while', async () => {
    await runner.replaceDesired(1, setOf(assignmentOf(), assignmentOf({ id: 't2', slot: 2, startAfter: 0 })));
    await comesTo('t1', 'running');
    await comesTo('t2', 'running');
    await runner.stop();
    for (const id of ['c1', 'c2']) engine.change(id, { state: 'exited', exitCode: 255 });
    await clock.advance(60_000);
    runner = make();
    await clock.advance(2_900);
    assert.equal(runningContainers().length, 0);
    await runner.replaceDesired(1, setOf());
    await clock.advance(60_000);
    assert.equal(runningContainers().length, 0, 'nobody wants them');
  });

  it('starts again what a lost host ran, also when no manager can be reached', async () => {
    await runner.replaceDesired(1, setOf(assignmentOf()));
    await comesTo('t1', 'running');
    await runner.stop();
    engine.change('c1', { state: 'exited', exitCode: 255 });
    runner = make();
    await clock.advanceUntil(() => runningContainers().length === 1, 10_000, 'it to run again');
  });

  it('waits for the network of a task, and keeps it until the task is gone', async () => {
    network.failure = new Error('no kernel today');
    const task = assignmentOf({ networks: [{ networkId: 'app', name: 'app', aliases: [] }] });
    await runner.replaceDesired(1, { ...setOf(task), networks: [APP] });
    await clock.advance(5_000);
    assert.equal(state('t1'), 'preparing');
    assert.equal(engine.containers.size, 0);
    network.failure = undefined;
    await comesTo('t1', 'running');
    engine.failure = new EngineError('gone', 'the engine does not answer');
    await runner.replaceDesired(2, setOf({ ...task, networks: [], desired: 'remove' }));
    await clock.advance(5_000);
    assert.deepEqual(network.applied.at(-1), ['app']);
    engine.failure = undefined;
    await clock.advanceUntil(() => network.applied.at(-1)?.length === 0, 60_000, 'the network to go');
    assert.equal(engine.containers.size, 0);
  });

  it('pulls an image once for all tasks that wait for it', async () => {
    await runner.replaceDesired(1, setOf(needsPull('a', 1), needsPull('b', 2)));
    await clock.advance(100);
    assert.equal(engine.pulls.length, 1);
    engine.pulls[0]?.options.onProgress('pulling image: 1 of 2 layers');
    engine.pulls[0]?.finish();
    await comesTo('a', 'running');
    await comesTo('b', 'running');
  });

  it('gives a pull up when no task wants the image any more', async () => {
    await runner.replaceDesired(1, setOf(needsPull('a', 1), needsPull('b', 2)));
    await clock.advance(100);
    await runner.replaceDesired(2, setOf(needsPull('b', 2)));
    await comesTo('a', 'shutdown');
    assert.equal(engine.pulls[0]?.options.signal.aborted, false);
    await runner.mergeDesired(3, setOf({ ...needsPull('b', 2), desired: 'shutdown' }), {
      tasks: [],
      ended: [],
      networks: [],
      services: [],
      files: [],
    });
    await comesTo('b', 'shutdown');
    assert.equal(engine.pulls[0]?.options.signal.aborted, true);
  });

  it('rejects a task whose image cannot be had', async () => {
    await runner.replaceDesired(1, setOf(needsPull('a', 1)));
    await clock.advance(100);
    engine.pulls[0]?.finish(new EngineError('registry-unreachable', 'registry far cannot be reached'));
    await comesTo('a', 'rejected');
    assert.equal(reports.at(-1)?.status.error, 'registry far cannot be reached');
  });

  it('restarts a crashed task after its delay, also as a new process, with one successor only', async () => {
    await runner.replaceDesired(1, setOf(assignmentOf()));
    await comesTo('t1', 'running');
    engine.change('c1', { state: 'exited', exitCode: 1 });
    await comesTo('t1', 'failed');
    const successor = reports.find(({ successorOf }) => successorOf === 't1')?.taskId ?? '';
    await runner.stop();
    runner = make();
    assert.deepEqual(
      runner.heldTasks().map(({ taskId }) => taskId),
      ['t1', successor],
    );
    const failedAt = clock.now();
    await comesTo(successor, 'running');
    assert.ok(clock.now() - failedAt >= 4_900, 'the delay of 5 s was waited out');
    assert.equal(reports.filter(({ successorOf, status }) => successorOf !== undefined && status.state === 'accepted').length, 1);
  });

  it('tells with the end of a task what it printed last, and does not wait for a log that never comes', async () => {
    engine.printed = ['one', 'two', 'three', 'four', 'five', 'no database'];
    await runner.replaceDesired(1, setOf(assignmentOf()));
    await comesTo('t1', 'running');
    engine.change('c1', { state: 'exited', exitCode: 1 });
    await comesTo('t1', 'failed');
    const end = reports.findLast(({ taskId }) => taskId === 't1');
    assert.equal(end?.status.error, 'exit code 1: two | three | four | five | no database');
    const { taskId: second } = reports.find(({ successorOf }) => successorOf === 't1') ?? { taskId: '' };
    await comesTo(second, 'running');
    engine.printed = undefined;
    engine.change('c2', { state: 'exited', exitCode: 2 });
    await comesTo(second, 'failed');
    assert.equal(reports.findLast(({ taskId }) => taskId === second)?.status.error, 'exit code 2');
  });

  it('says what a task waits for while its network cannot be set up, and pulls its image only once meanwhile', async () => {
    network.failure = new Error('no room in the forwarding table');
    const pulled = needsPull('a', 1);
    pulled.template.container.pullPolicy = 'always';
    const task = { ...pulled, networks: [{ networkId: 'app', name: 'shop_app', aliases: [] }] };
    await runner.replaceDesired(1, { ...setOf(task), networks: [APP] });
    await clock.advance(100);
    engine.pulls[0]?.finish();
    await clock.advance(5_000);
    const told = reports.filter(({ taskId }) => taskId === 'a').map(({ status }) => status.message);
    assert.equal(told.at(-1), 'waiting for network shop_app: it cannot be set up: no room in the forwarding table');
    assert.ok(told.length < 6, `told ${told.length} times`);
    assert.equal(engine.pulls.length, 1);
    network.failure = undefined;
    await comesTo('a', 'running');
  });

  describe('with a task that must not run where no manager can be reached', () => {
    const fenced = (): TaskAssignment => {
      const assignment = assignmentOf();
      assignment.template.partition = 'stop';
      return assignment;
    };
    const hear = (): void => runner.granted(clock.monotonic());

    beforeEach(async () => {
      hear();
      await runner.replaceDesired(1, setOf(fenced(), assignmentOf({ id: 't2', slot: 2 })));
      await comesTo('t1', 'running');
      await comesTo('t2', 'running');
      await clock.advance(1);
      hear();
    });

    it('lets it run while heartbeats are answered', async () => {
      for (let second = 0; second < 60; second++) {
        await clock.advance(1_000);
        hear();
      }
      assert.equal(runningContainers().length, 2);
    });

    it('stops it when that ends, and only it, and starts its successor when a manager answers again', async () => {
      await clock.advance(7_900);
      assert.equal(runningContainers().length, 2);
      await clock.advance(200);
      assert.equal(runningContainers().length, 1);
      await comesTo('t1', 'failed');
      assert.match(
        reports.findLast(({ taskId }) => taskId === 't1')?.status.error ?? '',
        /no manager was reached for 8 s, and its x-partition is stop/,
      );
      await clock.advance(120_000);
      assert.equal(runningContainers().length, 1);
      const waits = reports.findLast(({ successorOf }) => successorOf === 't1');
      assert.equal(waits?.status.message, 'waits until a manager can be reached, because x-partition is stop');
      hear();
      await comesTo(waits?.taskId ?? '', 'running');
    });

    it('counts on after the agent was restarted, and not from its start', async () => {
      await clock.advance(4_000);
      await runner.stop();
      runner = make();
      await clock.advance(3_900);
      assert.equal(runningContainers().length, 2);
      await clock.advance(700);
      assert.equal(runningContainers().length, 1);
    });

    it('stops it though its own stop is under way with a long grace', async () => {
      engine.stopsAfterMs = (graceMs) => graceMs;
      engine.clock = clock;
      const patient = fenced();
      patient.template.container.stopGraceMs = 600_000;
      await runner.replaceDesired(2, setOf({ ...patient, desired: 'shutdown' }, assignmentOf({ id: 't2', slot: 2 })));
      await clock.advance(1_000);
      assert.equal(runningContainers().length, 2);
      await clock.advance(9_500);
      assert.equal(runningContainers().length, 1);
      await clock.advance(600_000);
    });

    it('kills it when the engine fails, and stops it when the engine is back', async () => {
      engine.failure = new EngineError('gone', 'the Docker engine does not answer');
      await clock.advance(10_900);
      assert.deepEqual(killed, []);
      await clock.advance(600);
      assert.deepEqual([...new Set(killed)], ['c1'], 'what the engine does not stop in time is killed');
      engine.failure = undefined;
      await clock.advance(1_000);
      assert.equal(runningContainers().length, 1);
    });
  });

  it('adopts containers that run when its memory is lost, once a manager names their tasks', async () => {
    await runner.replaceDesired(1, setOf(assignmentOf()));
    await comesTo('t1', 'running');
    await runner.stop();
    db = new MemoryTaskDb();
    runner = make();
    await clock.advance(60_000);
    assert.equal(engine.containers.get('c1')?.state, 'running');
    reports = [];
    await runner.replaceDesired(1, setOf(assignmentOf()));
    await comesTo('t1', 'running');
    assert.deepEqual([...engine.containers.keys()], ['c1']);
  });

  it('removes leftovers of tasks that no manager names, and no foreign container', async () => {
    const ours = { 'tessera.node': 'n1', 'tessera.task': 'gone' };
    engine.change('x', containerOf({ id: 'x', name: 'x', labels: ours }));
    engine.change('y', containerOf({ id: 'y', name: 'y', labels: { 'tessera.task': 'theirs', 'tessera.node': 'n2' } }));
    await runner.replaceDesired(1, setOf());
    await clock.advanceUntil(() => !engine.containers.has('x'), 5_000);
    assert.deepEqual([...engine.containers.keys()], ['y']);
  });

  it('keeps the container of an ended task for its log until the manager names it no more', async () => {
    await runner.replaceDesired(1, setOf(assignmentOf()));
    await comesTo('t1', 'running');
    engine.change('c1', { state: 'exited', exitCode: 1 });
    await comesTo('t1', 'failed');
    runner.confirmReported(reports.filter(({ status }) => status.state === 'failed'));
    const nothing = { tasks: [], ended: [], networks: [], services: [], files: [] };
    await runner.mergeDesired(2, { ...setOf(assignmentOf({ id: 't2' })), ended: [{ id: 't1' }] }, { ...nothing, tasks: ['t1'] });
    await comesTo('t2', 'running');
    await runner.stop();
    runner = make();
    await clock.advance(60_000);
    assert.equal(engine.containers.get('c1')?.state, 'exited');
    await runner.mergeDesired(3, setOf(), { ...nothing, ended: ['t1'] });
    await clock.advanceUntil(() => !engine.containers.has('c1'), 5_000, 'the container to go');
    assert.equal(
      runner.heldTasks().some(({ taskId }) => taskId === 't1'),
      false,
    );
  });

  it('removes containers of ended tasks beyond its own limits, whatever the manager keeps', async () => {
    const ids = ['a', 'b', 'c', 'd'];
    await runner.replaceDesired(1, setOf(...ids.map((id) => assignmentOf({ id }))));
    for (const id of ids) await comesTo(id, 'running');
    await runner.replaceDesired(2, { ...setOf(), ended: ids.map((id) => ({ id })) });
    for (const id of ids) await comesTo(id, 'shutdown');
    await clock.advance(120_000);
    assert.equal(engine.containers.size, 2);
  });

  it('forgets an ended task only when the manager has stored its end', async () => {
    await runner.replaceDesired(1, setOf(assignmentOf()));
    await comesTo('t1', 'running');
    await runner.mergeDesired(2, setOf(), { tasks: ['t1'], ended: [], networks: [], services: [], files: [] });
    await comesTo('t1', 'shutdown');
    await clock.advance(1_000);
    assert.deepEqual(
      runner.heldTasks().map(({ taskId }) => taskId),
      ['t1'],
    );
    runner.confirmReported(reports.filter(({ status }) => status.state === 'shutdown'));
    await clock.advance(1_000);
    assert.deepEqual(runner.heldTasks(), []);
    assert.deepEqual(db.load().records, []);
  });

  it('keeps a bounded number of links of a crash loop without a manager', async () => {
    const quick = assignmentOf();
    quick.template.restart.delayMs = 0;
    await runner.replaceDesired(1, setOf(quick));
    for (let crash = 0; crash < 12; crash += 1) {
      await clock.advanceUntil(() => [...engine.containers.values()].some((one) => one.state === 'running'), 400_000);
      for (const [id, one] of engine.containers) if (one.state === 'running') engine.change(id, { state: 'exited', exitCode: 1 });
      await clock.advance(100);
    }
    await clock.advance(120_000);
    assert.ok(runner.heldTasks().length <= 5, `${runner.heldTasks().length} tasks are held`);
    assert.equal([...engine.containers.values()].filter(({ state: one }) => one === 'exited').length, 2);
    await runner.replaceDesired(2, setOf());
    await clock.advance(5_000);
    assert.equal([...engine.containers.values()].filter(({ state: one }) => one === 'running').length, 0);
  });

  it('removes an image that it pulled when nobody uses it any more, and no other', async () => {
    await runner.replaceDesired(1, setOf(needsPull('a', 1)));
    await clock.advance(100);
    engine.pulls[0]?.finish();
    await comesTo('a', 'running');
    await clock.advance(120_000);
    assert.deepEqual(engine.removedImages, []);
    await runner.replaceDesired(2, setOf());
    await clock.advance(120_000);
    assert.deepEqual(engine.removedImages, ['far:1']);
  });
});
