import assert from 'node:assert/strict';
import type { TaskRecord } from '../model/task-record.js';
import { assignmentOf, NOW, recordOf } from '../testing/builders.js';
import { adoptDesired } from './adopt-desired.js';

function mapOf(...records: TaskRecord[]): Map<string, TaskRecord> {
  return new Map(records.map((record) => [record.assignment.id, record]));
}

/** A task that ended here and the one that took its place, of which the manager has not heard. */
function restarted(): { ended: TaskRecord; successor: TaskRecord } {
  return {
    ended: recordOf({ id: 'a' }, { state: 'failed' }, { restartSettled: true }),
    successor: recordOf({ id: 'b' }, { state: 'running' }, { known: false, successorOf: 'a' }),
  };
}

function outcome(records: readonly TaskRecord[]): Record<string, string> {
  return Object.fromEntries(records.map(({ assignment, wanted }) => [assignment.id, `${assignment.desired}${wanted ? '' : ' unwanted'}`]));
}

const NONE: ReadonlySet<string> = new Set();

describe('adoptDesired', () => {
  it('takes over new tasks and changes nothing the second time', () => {
    const [record] = adoptDesired(new Map(), [assignmentOf()], NONE, NOW);
    assert.equal(record?.status.state, 'accepted');
    assert.deepEqual(adoptDesired(mapOf(record as TaskRecord), [assignmentOf()], NONE, NOW), []);
  });

  it('counts the time that a leaving task is held from when that was first said, and ends it when it is said no more', () => {
    const held = { ...assignmentOf(), desired: 'shutdown' as const, holdMs: 3_000 };
    const [first] = adoptDesired(mapOf(recordOf({}, { state: 'running' })), [held], NONE, NOW);
    assert.equal(first?.holdUntil, NOW + 3_000);
    const [again] = adoptDesired(mapOf(first as TaskRecord), [{ ...held, holdMs: 2_999 }], NONE, NOW + 500);
    assert.equal(again?.holdUntil, NOW + 3_000);
    const [told] = adoptDesired(mapOf(first as TaskRecord), [{ ...assignmentOf(), desired: 'shutdown' }], NONE, NOW + 500);
    assert.equal(told?.holdUntil, undefined);
  });

  it('keeps a task on its network when that is deleted before the task has ended', () => {
    const networks = [{ networkId: 'n1', name: 'app', aliases: [] }];
    const [record] = adoptDesired(mapOf(recordOf({ networks })), [assignmentOf({ desired: 'remove' })], NONE, NOW);
    assert.deepEqual(record?.assignment.networks, networks);
    assert.deepEqual(adoptDesired(mapOf(record as TaskRecord), [assignmentOf({ desired: 'remove' })], NONE, NOW), []);
  });

  it('lets a task go that the set names no more', () => {
    assert.deepEqual(outcome(adoptDesired(mapOf(recordOf()), [], NONE, NOW)), { t1: 'remove unwanted' });
  });

  it('keeps the container of an ended task for its log as long as the manager names it', () => {
    const { ended, successor } = restarted();
    const kept = adoptDesired(mapOf(ended, successor), [assignmentOf({ id: 'b' })], new Set(['a']), NOW);
    assert.deepEqual(outcome(kept), { a: 'shutdown unwanted', b: 'running' });
    assert.deepEqual(adoptDesired(mapOf(...kept), [assignmentOf({ id: 'b' })], new Set(['a']), NOW), []);
    assert.deepEqual(outcome(adoptDesired(mapOf(...kept), [assignmentOf({ id: 'b' })], NONE, NOW)), { a: 'remove unwanted' });
  });

  it('knows a successor that the manager names only among the ended', () => {
    const { ended, successor } = restarted();
    const [, b] = adoptDesired(mapOf(ended, successor), [], new Set(['a', 'b']), NOW);
    assert.deepEqual([b?.known, b?.wanted, b?.assignment.desired], [true, false, 'shutdown']);
  });

  it('keeps a successor of which the manager has not heard while its predecessor is desired', () => {
    const { ended, successor } = restarted();
    assert.deepEqual(adoptDesired(mapOf(ended, successor), [assignmentOf({ id: 'a' })], NONE, NOW), []);
  });

  it('ends such a successor with the slot that it stands in', () => {
    const { ended, successor } = restarted();
    const records = mapOf(ended, successor);
    assert.deepEqual(outcome(adoptDesired(records, [], NONE, NOW)), { a: 'remove unwanted', b: 'remove unwanted' });
    assert.deepEqual(outcome(adoptDesired(records, [assignmentOf({ id: 'a', desired: 'shutdown' })], NONE, NOW)), {
      a: 'shutdown',
      b: 'shutdown',
    });
  });

  it('knows a successor from the set on, and then holds it to its own desired state', () => {
    const { ended, successor } = restarted();
    const tasks = [assignmentOf({ id: 'a', desired: 'shutdown' }), assignmentOf({ id: 'b' })];
    const changed = adoptDesired(mapOf(ended, successor), tasks, NONE, NOW);
    assert.deepEqual(outcome(changed), { a: 'shutdown', b: 'running' });
    assert.equal(changed.find(({ assignment }) => assignment.id === 'b')?.known, true);
    const later = adoptDesired(mapOf(...changed), [assignmentOf({ id: 'b' })], NONE, NOW);
    assert.deepEqual(outcome(later), { a: 'remove unwanted' });
  });

  it('follows a chain of restarts made while the manager was away', () => {
    const { ended, successor } = restarted();
    const third = recordOf({ id: 'c' }, { state: 'running' }, { known: false, successorOf: 'b' });
    const records = mapOf(ended, { ...successor, restartSettled: true }, third);
    assert.deepEqual(adoptDesired(records, [assignmentOf({ id: 'a' })], NONE, NOW), []);
    assert.deepEqual(Object.keys(outcome(adoptDesired(records, [], NONE, NOW))), ['a', 'b', 'c']);
  });
});
