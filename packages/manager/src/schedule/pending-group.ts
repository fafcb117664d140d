import type { Node, Task } from '@tessera/api';
import { byAge } from '../model/task.js';
import type { Checks } from './checks.js';
import type { Claim } from './claim.js';
import type { TaskGroup } from './filters/filter.js';
import type { Parcel } from './parcel.js';

/** A version that the node table never has. */
const OUT_OF_DATE = -1;

/** A task that waits, in its group. */
export interface Waiting {
  readonly group: PendingGroup;
  /** As it is now. */
  task: Task;
  gone: boolean;
  given: Given | undefined;
}

/** A node that was given to a task, and what the task takes of it. */
export interface Given {
  index: number;
  node: Node;
  claim: Claim;
}

/** What the tasks of a group were told last. */
export interface Told {
  /** Why no node takes a task; absent when nobody had to hear it, since all came with their node. */
  text?: string;
  /** By the clock of the pass. */
  at: number;
  /** Of the node table's changes: what was said holds as long as it is the same. */
  version: number;
}

/** What the tasks of a group are made from, and the checks made ready for it. */
export interface Prepared {
  group: TaskGroup;
  checks: Checks;
  /** Of the node table's changes, when it was made ready. */
  version: number;
}

/** Waiting tasks that are alike: of one service and one template. */
export class PendingGroup {
  /** Nodes to look at in the next pass, by index. */
  wakeAt: Set<number> | 'all' = 'all';
  /** From the last look, for as long as nothing but single nodes changes. */
  prepared: Prepared | undefined;
  told: Told | undefined;
  #waiting: Waiting[] = [];
  /** Where the first one may be: those before have gone. */
  #head = 0;
  #isSorted = true;
  #size = 0;
  #fresh: Waiting[] = [];

  /** Of the service: higher ones are served first. */
  priority = 0;
  /** When it is to be packed. */
  parcel: Parcel | undefined;

  constructor(
    readonly serviceId: string,
    /** Its template and revision: with the service, they tell it from all others. */
    readonly key: string,
  ) {}

  get size(): number {
    return this.#size;
  }

  /** The task that comes first; the group must not be empty. */
  get first(): Task {
    this.#sort();
    while (this.#waiting[this.#head]!.gone) this.#head++;
    return this.#waiting[this.#head]!.task;
  }

  /** All tasks in the order in which they are served. */
  *tasks(): Generator<Task, undefined> {
    for (const { task } of this.waiting()) yield task;
  }

  /** The same, with their places in the group. */
  *waiting(): Generator<Waiting, undefined> {
    this.#sort();
    for (let place = this.#head; place < this.#waiting.length; place++) {
      const waiting = this.#waiting[place]!;
      if (!waiting.gone) yield waiting;
      else if (place === this.#head) this.#head++;
    }
  }

  add(task: Task): Waiting {
    const waiting: Waiting = { group: this, task, gone: false, given: undefined };
    const last = this.#waiting.at(-1);
    if (last && compareTasks(last.task, task) > 0) this.#isSorted = false;
    this.#waiting.push(waiting);
    this.#fresh.push(waiting);
    this.#size++;
    // Tasks that may go anywhere are all alike; one that comes with its node has not been looked at there.
    if (task.nodeId !== undefined) this.wakeAll();
    return waiting;
  }

  remove(waiting: Waiting): void {
    waiting.gone = true;
    this.#size--;
    if (this.#waiting.length > 2 * this.#size + 64) this.#compact();
  }

  /** Tasks that came since this was last asked. */
  takeFresh(): Task[] {
    const fresh = this.#fresh.filter((waiting) => !waiting.gone).map((waiting) => waiting.task);
    this.#fresh = [];
    return fresh;
  }

  /** Whether there is a node to look at: otherwise only new tasks have to hear why they wait. */
  get isAwake(): boolean {
    return this.wakeAt === 'all' || this.wakeAt.size > 0;
  }

  wake(indices: readonly number[]): void {
    if (this.wakeAt !== 'all') for (const index of indices) this.wakeAt.add(index);
  }

  wakeAll(): void {
    this.wakeAt = 'all';
    this.prepared = undefined;
  }

  /** What its tasks were told does not hold any more. */
  outdate(): void {
    if (this.told) this.told.version = OUT_OF_DATE;
  }

  #sort(): void {
    if (this.#isSorted) return;
    this.#compact();
    this.#waiting.sort((a, b) => compareTasks(a.task, b.task));
    this.#isSorted = true;
  }

  #compact(): void {
    this.#waiting = this.#waiting.filter((waiting) => !waiting.gone);
    this.#head = 0;
  }
}

/** Those that come with their node first, then the longest waiting. */
function compareTasks(a: Task, b: Task): number {
  const free = Number(a.nodeId === undefined) - Number(b.nodeId === undefined);
  return free || a.createdAt - b.createdAt || (a.slot ?? 0) - (b.slot ?? 0) || byAge(a, b);
}
