import type { DesiredState, TaskAssignment } from '@tessera/api';
import { newRecord, type TaskRecord } from '../model/task-record.js';

type Records = ReadonlyMap<string, TaskRecord>;

/**
 * The records that change when the manager desires exactly `tasks`. A successor that the manager has not heard of stays, as
 * long as the task whose place it took is desired: a manager that knew it would name it, one that wants the slot no more names neither.
 * Tasks in `ended` are over, and their containers stay for their logs; what is named nowhere goes.
 */
export function adoptDesired(
  records: Records,
  tasks: readonly TaskAssignment[],
  ended: Pick<ReadonlyMap<string, unknown>, 'has'>,
  now: number,
): TaskRecord[] {
  const desired = new Map(tasks.map((task) => [task.id, task]));
  const known = tasks.map((task) => adopt(records.get(task.id), task, now));
  const others = [...records.values()].filter(({ assignment }) => !desired.has(assignment.id));
  const left = others.map((record) =>
    ended.has(record.assignment.id) ? keptForLog(record) : withDesired(record, inheritedDesired(record, records, desired)),
  );
  return [...known, ...left].filter((record) => record !== records.get(record.assignment.id));
}

function adopt(record: TaskRecord | undefined, task: TaskAssignment, now: number): TaskRecord {
  if (!record) return newRecord(task, now);
  // A network may be deleted before the last task on it has ended: the task stays on it until then.
  const isOnFormer = task.networks.length === 0 && record.assignment.networks.length > 0;
  const assignment = isOnFormer ? { ...task, networks: record.assignment.networks } : task;
  if (record.known && record.wanted && isSameAssignment(record.assignment, assignment)) return record;
  const { holdUntil, ...rest } = record;
  // Counted from the first time that it was said: who says it again, after a new connection, does not prolong it.
  const hold = assignment.holdMs === undefined ? {} : { holdUntil: holdUntil ?? now + assignment.holdMs };
  return { ...rest, ...hold, assignment, wanted: true, known: true };
}

/** Most tasks of a set are those of the set before, of which only a part has changed. */
function isSameAssignment(one: TaskAssignment, other: TaskAssignment): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

/** What is desired of a task that the set does not name: `remove`, unless it stands in for one that is named. */
function inheritedDesired(record: TaskRecord, records: Records, desired: ReadonlyMap<string, TaskAssignment>): DesiredState {
  const seen = new Set<string>();
  let current: TaskRecord | undefined = record;
  while (current?.successorOf !== undefined && !current.known && !seen.has(current.successorOf)) {
    const named = desired.get(current.successorOf);
    if (named) return named.desired === 'running' ? record.assignment.desired : named.desired;
    seen.add(current.successorOf);
    current = records.get(current.successorOf);
  }
  return 'remove';
}

/** Ended, as far as the manager is concerned: stopped if need be, and forgotten once its container is gone. */
function keptForLog(record: TaskRecord): TaskRecord {
  if (record.known && !record.wanted && record.assignment.desired === 'shutdown') return record;
  return { ...record, known: true, wanted: false, assignment: { ...record.assignment, desired: 'shutdown' } };
}

function withDesired(record: TaskRecord, desired: DesiredState): TaskRecord {
  const wanted = desired !== 'remove';
  if (record.assignment.desired === desired && record.wanted === wanted) return record;
  return { ...record, wanted, assignment: { ...record.assignment, desired } };
}
