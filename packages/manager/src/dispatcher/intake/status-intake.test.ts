import assert from 'node:assert/strict';
import type { Task, TaskReport, TaskState } from '@tessera/api';
import { silentLog } from '@tessera/kit';
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
  let store: KvClusterStore;
  let intake: StatusIntake;

  beforeEach(async () => {
    store = await openStore(memoryStore().connect());
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
    const taken = intake.take({ nodeId: 'n1', held }, reports, new AbortController().signal);
    await clock.advance(1_000);
    assert.deepEqual(await taken, []);
    assert.equal(fewest, 1);
    const states = ['a', 'a2', 'a3', 'b', 'b2'].map((id) => store.view.get('tasks', id)?.status.state);
    assert.deepEqual(states, ['failed', 'failed', 'running', 'failed', 'running']);
  });
});
