import type { Task } from '@tessera/api';
import { byAge, isToldToGo } from '../../model/task.js';
import type { ClusterView } from '../../model/view.js';
import { Checks } from '../checks.js';
import { type Claim, holdsClaim } from '../claim.js';
import type { TaskGroup } from '../filters/filter.js';
import type { NodeTable } from '../node-table.js';
import { priorityOf } from '../priority.js';
import type { TaskRef } from '../task-map.js';

/** Tasks of one plan: a cluster that is far too small is emptied in steps, each of which is looked at again. */
const MOST_TASKS = 50;

/** How room is made for waiting tasks of one group. */
export interface RoomPlan {
  /** Tasks of lower priority that are to go. */
  victims: Task[];
  /** For how many tasks there will be room on which node, by index, once they, and those that are going already, have gone. */
  nodes: Map<number, number>;
}

export interface RoomInput {
  view: ClusterView;
  /** Is left as it was found. */
  table: NodeTable;
  group: TaskGroup;
  /** Of the group, within its service. */
  key: string;
  /** Tasks of the group that found no node. */
  waiting: readonly Task[];
  /** A task of the view as it is by what was decided since. */
  latest(task: Task): Task;
}

/** Room for one task on one node. */
interface Option {
  index: number;
  /** Empty when what is going already is enough. */
  victims: readonly Task[];
}

interface Candidate {
  task: Task;
  priority: number;
}

/**
 * Which tasks of lower priority are to go so that waiting tasks of a group find room: on each node as few as possible, of the lowest
 * priority first, the youngest of equals; the nodes where the fewest and lowest have to go. Tasks of the same or a higher priority stay, and
 * where those that are going already leave enough room nothing more goes; but room that is kept for others is theirs. A pure function.
 */
export function planRoom(input: RoomInput): RoomPlan {
  return input.table.changes.quietly(() => {
    const room = new Room(input);
    try {
      return room.plan(input.waiting.slice(0, MOST_TASKS));
    } finally {
      room.restore();
    }
  });
}

class Room {
  readonly #view: ClusterView;
  readonly #table: NodeTable;
  readonly #group: TaskGroup;
  /** What stands in the table for tasks that will come. */
  readonly #placed: TaskRef[] = [];
  /** Tasks whose claims were taken out of the table. */
  readonly #released = new Set<Task>();
  readonly #victims = new Set<Task>();
  readonly #nodes = new Map<number, number>();
  /** Nodes that were kept for the group before. */
  readonly #kept: ReadonlyMap<number, number>;
  /** Of its own: what is tried counts in them. */
  readonly #checks: Checks;
  /** Services whose tasks never go for this group: its own, and those that it has to be near. */
  readonly #spared: ReadonlySet<string>;

  constructor(private readonly input: RoomInput) {
    const { view, table, group, key } = input;
    [this.#view, this.#table, this.#group] = [view, table, group];
    const id = { serviceId: group.serviceId, key };
    this.#kept = table.kept.nodesOf(id);
    this.#spared = new Set([group.serviceId, ...servicesNear(group)]);
    for (const { keeper, index, tasks } of table.kept.ofOthers(id)) {
      if (keeper.priority < group.priority) continue;
      this.#releaseGoing(index);
      for (let count = 0; count < tasks; count++) this.#hold(index, keeper.claim);
    }
    this.#checks = new Checks(group, table);
  }

  plan(waiting: readonly Task[]): RoomPlan {
    const bound = waiting.flatMap((task) => {
      const nodeId = task.nodeId ?? this.#group.homeOf?.(task, this.#table)?.nodeId;
      return nodeId === undefined ? [] : [this.#table.indexOf(nodeId)];
    });
    for (const index of bound) {
      const option = index === undefined ? undefined : this.#find(index);
      if (option) this.#commit(option);
    }
    if (bound.length < waiting.length) this.#planAnywhere(waiting.length - bound.length);
    return { victims: [...this.#victims], nodes: this.#nodes };
  }

  #planAnywhere(waiting: number): void {
    let tasks = waiting - this.#planAsBefore(waiting);
    if (tasks === 0) return;
    const options: Option[] = [];
    for (let index = 0; index < this.#table.size; index++) {
      const option = this.#table.node(index) && this.#find(index);
      if (option) options.push(option);
    }
    while (tasks > 0 && options.length > 0) {
      const best = this.#takeBest(options);
      if (!this.#commit(best)) continue;
      tasks--;
      const further = this.#optionAt(best.index);
      if (further) options.push(further);
    }
  }

  /** What was kept for the group stays so as long as nothing more has to go for it. @returns the number of tasks */
  #planAsBefore(waiting: number): number {
    let tasks = 0;
    for (const [index, kept] of this.#kept) {
      for (let count = 0; count < kept && tasks < waiting; count++) {
        const option = this.#table.node(index) && this.#optionAt(index);
        if (option?.victims.length === 0 && this.#commit(option)) tasks++;
      }
    }
    return tasks;
  }

  /** Room on a node where nothing but room is missing. */
  #find(index: number): Option | undefined {
    return this.#checks.wantsRoom(index) ? this.#optionAt(index) : undefined;
  }

  /** Puts back all that the table held. */
  restore(): void {
    for (const placed of this.#placed) this.#table.release(placed);
    for (const task of this.#released) this.#claim(task);
  }

  /** Room for one more task on a node. What it tries there is undone, but for what leaves anyway. */
  #optionAt(index: number): Option | undefined {
    this.#releaseGoing(index);
    const lower: Candidate[] = [];
    for (const task of this.#tasksOn(index)) {
      if (!holdsClaim(task) || this.#isGone(task) || this.#spared.has(task.serviceId)) continue;
      const priority = priorityOf(this.#view, task);
      if (priority < this.#group.priority) lower.push({ task, priority });
    }
    if (this.#passes(index)) return { index, victims: [] };
    const victims = this.#fewest(index, lower.sort(byWorth));
    for (const { task } of lower) this.#claim(task);
    return victims && { index, victims };
  }

  /** @param lower the ones to go first come first; what it releases stays so */
  #fewest(index: number, lower: readonly Candidate[]): Task[] | undefined {
    for (const { task } of lower) {
      this.#release(task);
      if (this.#passes(index)) return [task];
      this.#claim(task);
    }
    const gone: Task[] = [];
    for (const { task } of lower) {
      this.#release(task);
      gone.push(task);
      if (this.#passes(index)) return this.#spare(index, gone);
    }
    return undefined;
  }

  /** Those of the released tasks that have to go: each that may stay stays, the worthiest first. */
  #spare(index: number, gone: readonly Task[]): Task[] {
    return gone
      .toReversed()
      .filter((task) => {
        this.#claim(task);
        if (this.#passes(index)) return false;
        this.#release(task);
        return true;
      })
      .reverse();
  }

  /** Carries an option out, in the table only. False when what was chosen before it rules it out. */
  #commit({ index, victims }: Option): boolean {
    for (const task of victims) this.#release(task);
    if (!this.#passes(index)) {
      for (const task of victims) this.#claim(task);
      return false;
    }
    for (const task of victims) this.#victims.add(task);
    this.#hold(index, this.#group.claim);
    this.#checks.placed(index);
    this.#nodes.set(index, (this.#nodes.get(index) ?? 0) + 1);
    return true;
  }

  #takeBest(options: Option[]): Option {
    let best = 0;
    for (let at = 1; at < options.length; at++) if (this.#compare(options[at]!, options[best]!) < 0) best = at;
    return options.splice(best, 1)[0]!;
  }

  #compare(a: Option, b: Option): number {
    const { order } = this.#table;
    const kept = Number(this.#kept.has(b.index)) - Number(this.#kept.has(a.index));
    return a.victims.length - b.victims.length || this.#highest(a) - this.#highest(b) || kept || order[a.index]! - order[b.index]!;
  }

  #highest({ victims }: Option): number {
    return victims.reduce((most, task) => Math.max(most, priorityOf(this.#view, task)), Number.NEGATIVE_INFINITY);
  }

  /** What is on its way out makes room in any case. */
  #releaseGoing(index: number): void {
    for (const task of this.#tasksOn(index)) if (this.#isGone(task)) this.#release(task);
  }

  *#tasksOn(index: number): Iterable<Task> {
    for (const task of this.#view.tasksOfNode(this.#table.node(index)!.id)) yield this.input.latest(task);
  }

  #isGone(task: Task): boolean {
    return isToldToGo(task) || this.#victims.has(task);
  }

  #hold(index: number, claim: Claim): void {
    const placed = { id: `room ${this.#placed.length}`, serviceId: claim.serviceId };
    this.#placed.push(placed);
    this.#table.claim(placed, index, claim);
  }

  #passes(index: number): boolean {
    return this.#checks.passes(index);
  }

  /** One that holds nothing by the view may hold something that was only just decided: that stays. */
  #release(task: Task): void {
    if (!holdsClaim(task)) return;
    this.#released.add(task);
    this.#table.release(task);
  }

  #claim(task: Task): void {
    this.#released.delete(task);
    this.#table.putTask(this.#view, task);
  }
}

/** Without a task of these the group could not stay where it wants to go. */
function servicesNear({ affinities }: TaskGroup): string[] {
  return affinities.required.flatMap(({ kind, services }) => (kind === 'near' ? [...services] : []));
}

/** The lowest priority first, the youngest of equals: the least work is lost. */
function byWorth(a: Candidate, b: Candidate): number {
  return a.priority - b.priority || byAge(b.task, a.task);
}
