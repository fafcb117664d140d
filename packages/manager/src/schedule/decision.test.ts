import assert from 'node:assert/strict';
import { Task, type Task as TaskOf } from '@tessera/api';
import { assign, assignedAt } from './decision.js';

/** Written by the scheduler itself. */
const OWN = ['nodeId', 'status', 'resources', 'madeRoomFor'];

describe('assign', () => {
  it('leaves all that others write as it is, whatever fields tasks come to have', () => {
    const task = Object.fromEntries(Object.keys(Task.properties).map((field) => [field, field])) as unknown as TaskOf;
    const { before, after } = assign(task, 'node', [{ kind: 'gpu', ids: ['1'] }], assignedAt(5));
    assert.equal(before, task);
    const kept = Object.entries(task).filter(([field]) => !OWN.includes(field));
    const written = { nodeId: 'node', status: assignedAt(5), resources: [{ kind: 'gpu', ids: ['1'] }] };
    assert.deepEqual(after, { ...Object.fromEntries(kept), ...written });
  });

  it('gives a task no fields that it does not need', () => {
    const task = { id: 'a', slot: 1, status: { state: 'pending', at: 1, message: '' } } as TaskOf;
    assert.deepEqual(JSON.parse(JSON.stringify(assign(task, 'node', [], assignedAt(5)).after)), {
      id: 'a',
      slot: 1,
      nodeId: 'node',
      status: { state: 'assigned', at: 5, message: 'assigned to a node' },
    });
  });
});
