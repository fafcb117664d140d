import assert from 'node:assert/strict';
import type { Task, TaskReport, TaskState } from '@tessera/api';
import { silentLog } from '@tessera/kit';
import type { MemoryKv } from '../../adapters/kv/memory/memory-kv.js';
import { readyNode } from '../../model/testing/builders.js';
import type { KvClusterStore } from '../../state/cluster-store.js';
import { clock, memoryStore, openStore } from '../../state/testing/test-store.js';
import { SlotIndex } from '../projection/slot-index.js';
import { StatusIntake } from './status-intake.js';
import { UpdateQueue } from './update-queue.js';

function taskOf(id: string, slot: number): Task {
  const meta = { revision: 0, createdAt: 1, updatedAt: 1 };
  const status = { state: 'running' as const, at: 1, message: '' };
  return {
    ...meta,
    id,
    serviceId: 's1',
    serviceName: 'web',
    specRevision: 1,
    templateHash: 'h',
    slot,
    nodeId: 'n1',
    desired: 'running',
    status,
  };
}

function reportOf(taskId: string, state: TaskState, successorOf?: string): TaskReport {
  return { taskId, status: { state, at: 2, message: '' }, ...(successorOf !== undefined && { successorOf }) };
}

describe('The intake of reports', () => {
  const held = { manager: 'm1', epoch: 1 };
  let kv: MemoryKv;
  let store: KvClusterStore;
  let intake: StatusIntake;

  beforeEach(async () => {
    kv = memoryStore().connect();
    store = await openStore(kv);
    const slots = new SlotIndex(store.view);
    const options = { store, clock, log: silentLog };
    intake = new StatusIntake({ ...options, slots, queue: new UpdateQueue({ ...options, tickMs: 0 }) });
    await store.commit([{ type: 'put', kind: 'nodes', object: { ...readyNode('n1'), session: held }, expect: 'absent' }]);
    for (const task of [taskOf('a', 1), taskOf('b', 2)])
      await store.commit([{ type: 'put', kind: 'tasks', object: task, expect: 'absent' }]);
  });

  it('never shows a slot empty between a task and the last of those that its agent put in its place', async () => {
    const lives = new Map<string, number>();
    let fewest = Number.POSITIVE_INFINITY;
    store.onChange(() => {
      lives.clear();
      for (const { slot, status } of store.view.all('tasks'))
        if (status.state === 'running') lives.set(`${slot}`, (lives.get(`${slot}`) ?? 0) + 1);
      fewest = Math.min(fewest, lives.get('1') ?? 0, lives.get('2') ?? 0);
    });
    const reports = [
      reportOf('a', 'failed'),
      reportOf('b', 'failed'),
      reportOf('a2', 'failed', 'a'),
      reportOf('b2', 'running', 'b'),
      reportOf('a3', 'running', 'a2'),
    ];
    const taken = intake.take({ nodeId: 'n1', held, signal: new AbortController().signal }, reports);
    await clock.advance(1_000);
    assert.deepEqual(await taken, []);
    assert.equal(fewest, 1);
    const states = ['a', 'a2', 'a3', 'b', 'b2'].map((id) => store.view.get('tasks', id)?.status.state);
    assert.deepEqual(states, ['failed', 'failed', 'running', 'failed', 'running']);
  });

  it('writes nothing of a session that is over: an end without the successor that was told with it would leave the slot free', async () => {
    kv.setReachable(false);
    const session = new AbortController();
    const taken = intake.take({ nodeId: 'n1', held, signal: session.signal }, [
      reportOf('b', 'failed'),
      reportOf('a', 'failed'),
      reportOf('a2', 'running', 'a'),
    ]);
    await clock.advance(2_000);
    session.abort();
    kv.setReachable(true);
    await clock.advance(10_000);
    await taken;
    assert.deepEqual(
      ['a', 'b'].map((id) => store.view.get('tasks', id)?.status.state),
      ['running', 'running'],
    );
  });
});
