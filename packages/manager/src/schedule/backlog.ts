import type { Task } from '@tessera/api';
import { byAge, isPending } from '../model/task.js';
import type { TaskGroup } from './filters/filter.js';
import { type Given, PendingGroup, type Waiting } from './pending-group.js';
import { TaskMap, type TaskRef } from './task-map.js';

/** All waiting tasks in groups of alike ones, kept change by change. */
export class Backlog {
  /** Groups to look at: they are new, have new tasks, or something changed that may help them. */
  readonly due = new Set<PendingGroup>();
  /** Groups that were looked at in vain, and wait for something that can help. */
  readonly parked = new Set<PendingGroup>();
  /** By service, then by template and revision: tasks of an old template are placed by what their own revision says. */
  readonly #services = new Map<string, Map<string, PendingGroup>>();
  /** By task; those for which something was decided too, until the view says so. */
  readonly #waiting = new TaskMap<Waiting>();
  #size = 0;
  /** Tasks of a group come one after the other. */
  #latest: { task: Task; group: PendingGroup } | undefined;

  /** @param traitsOf what a task's group has from its service */
  constructor(private readonly traitsOf: (task: Task) => Pick<PendingGroup, 'priority' | 'parcel'>) {}

  /** Number of waiting tasks. */
  get size(): number {
    return this.#size;
  }

  /** Takes over a task as it is now; one that does not wait is dropped. @param known what {@link find} says of it, if anything */
  put(task: Task, known?: Waiting): void {
    const waits = isPending(task);
    if (known && waits && !known.gone && known.task.nodeId === task.nodeId) {
      known.task = task;
      return;
    }
    if (known) this.#drop(task, known);
    if (!waits) return;
    const group = this.#groupFor(task);
    this.#waiting.set(task, group.add(task));
    this.#size++;
    this.due.add(group);
  }

  delete(task: TaskRef): void {
    const waiting = this.#waiting.get(task);
    if (waiting) this.#drop(task, waiting);
  }

  /** The task in its group: it waits, or something was decided for it and the view does not say so yet. */
  find(task: TaskRef): Waiting | undefined {
    return this.#waiting.get(task);
  }

  /** Something was decided for the task: it waits no more, unless it is put or restored. */
  decided(waiting: Waiting, given?: Given): void {
    const { group } = waiting;
    waiting.given = given;
    this.#size--;
    group.remove(waiting);
    if (group.size === 0) this.#forget(group);
  }

  /** Takes over a task for which something was decided that did not come about: it is looked at anew. */
  restore(task: Task): void {
    this.delete(task);
    this.put(task);
    this.#waiting.get(task)?.group.wakeAll();
  }

  /** What the tasks of a service are made from has changed. */
  wakeService(serviceId: string): void {
    for (const group of this.#services.get(serviceId)?.values() ?? []) {
      Object.assign(group, this.traitsOf(group.first));
      group.outdate();
      this.wake(group);
    }
  }

  /** What was made ready for these groups does not hold any more: they look at all nodes again. */
  forgetPrepared(concerns: (group: PendingGroup, prepared: TaskGroup) => boolean): void {
    for (const group of [...this.due, ...this.parked]) if (group.prepared && concerns(group, group.prepared.group)) this.wake(group);
  }

  /** The group was looked at in vain. */
  park(group: PendingGroup): void {
    group.wakeAt = new Set();
    this.due.delete(group);
    this.parked.add(group);
  }

  /** The group looks at these nodes again, if there are any. */
  wakeAt(group: PendingGroup, indices: readonly number[]): void {
    if (indices.length === 0) return;
    group.wake(indices);
    this.due.add(group);
  }

  /** The group looks at all nodes again. */
  wake(group: PendingGroup): void {
    group.wakeAll();
    this.due.add(group);
  }

  /** Groups that are due, in the order in which they are served. */
  inOrder(): PendingGroup[] {
    return [...this.due].sort(compareGroups);
  }

  /** Groups that were looked at in vain and have a higher priority, in the order in which they are served. */
  parkedAbove(priority: number): PendingGroup[] {
    return [...this.parked].filter((group) => group.priority > priority && !this.due.has(group)).sort(compareGroups);
  }

  /** Such a group, if it still waits. */
  groupOf({ serviceId, key }: Pick<PendingGroup, 'serviceId' | 'key'>): PendingGroup | undefined {
    return this.#services.get(serviceId)?.get(key);
  }

  #drop(task: TaskRef, waiting: Waiting): void {
    this.#waiting.delete(task);
    if (!waiting.gone) this.decided(waiting);
  }

  #groupFor(task: Task): PendingGroup {
    if (!this.#latest || !isAlike(this.#latest.task, task)) this.#latest = { task, group: this.#findOrMake(task) };
    return this.#latest.group;
  }

  #findOrMake(task: Task): PendingGroup {
    let templates = this.#services.get(task.serviceId);
    if (!templates) this.#services.set(task.serviceId, (templates = new Map()));
    const key = keyOf(task);
    let group = templates.get(key);
    if (!group) {
      group = Object.assign(new PendingGroup(task.serviceId, key), this.traitsOf(task));
      templates.set(key, group);
    }
    return group;
  }

  #forget(group: PendingGroup): void {
    this.due.delete(group);
    this.parked.delete(group);
    const templates = this.#services.get(group.serviceId)!;
    if (this.#latest?.group === group) this.#latest = undefined;
    templates.delete(group.key);
    if (templates.size === 0) this.#services.delete(group.serviceId);
  }
}

/** Whether two tasks are of one group. */
function isAlike(a: Task, b: Task): boolean {
  return a.serviceId === b.serviceId && a.templateHash === b.templateHash && a.specRevision === b.specRevision;
}

function keyOf({ templateHash, specRevision }: Task): string {
  return `${templateHash}/${specRevision}`;
}

/** The highest priority first, then the longest waiting, in an order that every manager finds. */
function compareGroups(a: PendingGroup, b: PendingGroup): number {
  return b.priority - a.priority || byAge(a.first, b.first);
}
