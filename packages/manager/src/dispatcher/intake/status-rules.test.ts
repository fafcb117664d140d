import assert from 'node:assert/strict';
import type { Task } from '@tessera/api';
import { successorOf, takesSlot } from './status-rules.js';

function taskOf(change: Partial<Task>): Task {
  return {
    id: 't',
    revision: 1,
    createdAt: 1,
    updatedAt: 1,
    serviceId: 'web',
    serviceName: 'web',
    specRevision: 1,
    templateHash: 'h',
    image: 'app:1',
    slot: 1,
    nodeId: 'n1',
    desired: 'running',
    status: { state: 'running', at: 1, message: '' },
    ...change,
  };
}

describe('takesSlot', () => {
  it('is said of any other live task that is wanted, jobs included', () => {
    for (const desired of ['ready', 'running', 'complete'] as const)
      assert.equal(takesSlot(taskOf({ id: 'other', desired }), 'old', 'new'), true, desired);
  });

  it('is not said of tasks that go, have ended, or are the two themselves', () => {
    assert.equal(takesSlot(taskOf({ id: 'other', desired: 'shutdown' }), 'old', 'new'), false);
    assert.equal(takesSlot(taskOf({ id: 'other', status: { state: 'complete', at: 1, message: '' } }), 'old', 'new'), false);
    for (const id of ['old', 'new']) assert.equal(takesSlot(taskOf({ id }), 'old', 'new'), false);
  });
});

describe('successorOf', () => {
  const report = { taskId: 'new', successorOf: 't', status: { state: 'accepted' as const, at: 5, message: '' } };

  it('is what its predecessor was, only younger', () => {
    const successor = successorOf(taskOf({ createdAt: 9 }), report, false, 5);
    assert.deepEqual([successor.id, successor.image, successor.desired, successor.createdAt], ['new', 'app:1', 'running', 10]);
  });

  it('is the restart that its agent says, not the one that its predecessor was', () => {
    const predecessor = taskOf({ restart: { attempt: 3, reason: 'exit code 1' }, startAfter: 4 });
    const restart = { attempt: 4, reason: 'exit code 2' };
    const successor = successorOf(predecessor, { ...report, restart, startAfter: 9 }, false, 5);
    assert.deepEqual([successor.restart, successor.startAfter], [restart, 9]);
    assert.equal('restart' in successorOf(predecessor, report, false, 5), false);
  });

  it('has to go when the slot is taken', () => {
    assert.equal(successorOf(taskOf({}), report, true, 5).desired, 'shutdown');
  });
});
