import { compareStates, isTerminal, type ServiceRevision, serviceRevisionId, type Task } from '@tessera/api';
import { restartTimes } from '../../model/restarts.js';
import { byAge, isToldToGo, slotKey } from '../../model/task.js';
import type { ClusterView } from '../../model/view.js';

/** The slot of a task, unique in the cluster. */
export function slotKeyOf(task: Task): string {
  return `${task.serviceId}/${slotKey(task)}`;
}

/** Tasks by slot and the endpoints-to-be by service, kept current change by change. */
export class SlotIndex {
  readonly #slots = new Map<string, Set<string>>();
  readonly #serving = new Map<string, Set<string>>();

  constructor(private readonly view: ClusterView) {}

  /** Takes over one change of a task; either may be absent. */
  update(before: Task | undefined, after: Task | undefined): void {
    if (before) remove(this.#slots, slotKeyOf(before), before.id);
    if (before) remove(this.#serving, before.serviceId, before.id);
    if (after) add(this.#slots, slotKeyOf(after), after.id);
    if (after && mayServe(after)) add(this.#serving, after.serviceId, after.id);
  }

  /** All tasks of the slot, the given one included. */
  *tasksOfSlot(slotKey: string): Iterable<Task> {
    yield* this.#read(this.#slots.get(slotKey));
  }

  /** Tasks of the service that have started and are wanted running. Whether they are healthy is not looked at. */
  *servingTasks(serviceId: string): Iterable<Task> {
    yield* this.#read(this.#serving.get(serviceId));
  }

  /** A newer task has taken the place of this ended one. */
  isSucceeded(task: Task): boolean {
    for (const other of this.tasksOfSlot(slotKeyOf(task))) if (other.id !== task.id && byAge(task, other) < 0) return true;
    return false;
  }

  /** When earlier runs of this slot with the same template ended by themselves, oldest first, in milliseconds since 1970. */
  restartTimes(task: Task): number[] {
    const older = [...this.tasksOfSlot(slotKeyOf(task))].filter((other) => byAge(other, task) < 0);
    return restartTimes(older, task);
  }

  *#read(ids: Iterable<string> | undefined): Iterable<Task> {
    for (const id of ids ?? []) {
      const task = this.view.get('tasks', id);
      if (task) yield task;
    }
  }
}

/** The revision whose template the task runs. */
export function revisionOf(view: ClusterView, task: Task): ServiceRevision | undefined {
  return view.get('revisions', serviceRevisionId(task.serviceId, task.specRevision));
}

/**
 * Whether the agent of the task's node must know of it: from `assigned` on until it is over for good. A task that ended
 * by itself but is still wanted stays, since its agent may restart it, until a newer task has its slot.
 */
export function belongsToNode(task: Task, slots: SlotIndex): boolean {
  if (compareStates(task.status.state, 'assigned') < 0) return false;
  if (!isTerminal(task.status.state)) return true;
  if (task.status.state === 'remove' || task.status.state === 'orphaned') return false;
  const wanted = !isToldToGo(task) && !(task.desired === 'complete' && task.status.state === 'complete');
  return wanted && !slots.isSucceeded(task);
}

/** Started and wanted running. Tasks of jobs (wanted `complete`) do their work and take no traffic. */
export function mayServe(task: Task): boolean {
  return (task.status.state === 'running' || task.status.state === 'starting') && task.desired === 'running';
}

function add(buckets: Map<string, Set<string>>, key: string, id: string): void {
  const bucket = buckets.get(key);
  if (bucket) bucket.add(id);
  else buckets.set(key, new Set([id]));
}

function remove(buckets: Map<string, Set<string>>, key: string, id: string): void {
  const bucket = buckets.get(key);
  bucket?.delete(id);
  if (bucket?.size === 0) buckets.delete(key);
}
