import type { Service, Task } from '@tessera/api';
import { isToldToGo } from '../../model/task.js';
import type { ClusterView } from '../../model/view.js';
import type { Backlog } from '../backlog.js';
import type { Decision } from '../decision.js';
import type { NodeTable } from '../node-table.js';
import type { PendingGroup } from '../pending-group.js';
import type { Keeper } from './kept-nodes.js';
import { planRoom, type RoomInput } from './room.js';

/** Looking for room asks every node: so often at most for one group. */
const AGAIN_MS = 1_000;
/** Groups of one priority may make way for each other: so often at most in one pass. */
const MOST_LOOKS = 8;
/** A version that nothing has: what was found holds no longer than the pass. */
const OUT_OF_DATE = -1;
const NO_NODES: ReadonlyMap<number, number> = new Map();

/**
 * Lets tasks of higher priority that find no node displace lower ones: these are told to go, as gracefully as ever, and until the room is used
 * nothing of lower priority may take it. Never displaces what has the same or a higher priority, so that it comes to an end.
 */
export class Preemption {
  /** When room was last looked for, at which state of the node table, and how often at this time. */
  readonly #looked = new WeakMap<PendingGroup, { at: number; version: number; looks: number }>();
  /** Tasks that were told to go, as they are since, while the view does not say so yet. */
  readonly #displaced = new Map<string, Task>();
  /** The lowest priority of what was given a node in this pass: the view does not have it yet, so that it is displaced in the next one. */
  #lowestPlaced = Number.POSITIVE_INFINITY;
  /** Priorities of services that have another one than 0. */
  readonly #priorities = new Map<string, number>();
  /** Grows with every change of them. */
  #prioritiesVersion = 0;

  constructor(
    private readonly view: ClusterView,
    private readonly table: NodeTable,
    private readonly backlog: Backlog,
  ) {
    for (const service of view.all('services')) this.putService(service.id, service);
  }

  putService(id: string, service: Service | undefined): void {
    const priority = service?.spec.placement.priority ?? 0;
    if (priority !== (this.#priorities.get(id) ?? 0)) this.#prioritiesVersion++;
    if (priority === 0) this.#priorities.delete(id);
    else this.#priorities.set(id, priority);
  }

  /** A pass begins: the view has all that was decided before. */
  begin(): void {
    this.#lowestPlaced = Number.POSITIVE_INFINITY;
    this.settle();
  }

  /** A task was not told to go after all. */
  takeBack(taskId: string): void {
    this.#displaced.delete(taskId);
  }

  /** A task of the group was given a node: it needs no more room, there or where it was kept instead. */
  placed({ serviceId, key, priority }: PendingGroup, index: number): void {
    if (priority < this.#lowestPlaced) this.#lowestPlaced = priority;
    const former = this.table.kept.keeperOf({ serviceId, key });
    if (!former) return;
    const keeper = { ...former, priority };
    const nodes = new Map(this.table.kept.nodesOf(keeper));
    const used = nodes.has(index) ? index : [...nodes.keys()].at(-1)!;
    const left = nodes.get(used)! - 1;
    if (left === 0) nodes.delete(used);
    else nodes.set(used, left);
    this.#keep(keeper, nodes);
  }

  /** Gives up room that is kept for what does not wait any more, or is above nothing; what waits keeps it at the priority that it has now. */
  settle(): void {
    const { kept } = this.table;
    for (const keeper of kept.keepers()) {
      const group = this.backlog.groupOf(keeper);
      if (!group || group.priority <= this.#lowest) {
        this.#keep(keeper, NO_NODES);
        group?.outdate();
      } else if (group.priority !== keeper.priority) this.#keep({ ...keeper, priority: group.priority }, kept.nodesOf(keeper));
    }
  }

  /** Looks for room for all that wait. @returns milliseconds until it wants to look again */
  makeRoom(now: number, decisions: Decision[]): number | undefined {
    let againInMs: number | undefined;
    for (const group of this.backlog.parkedAbove(this.#lowest)) {
      const waitMs = this.makeRoomFor(group, now, decisions);
      if (waitMs !== undefined) againInMs = Math.min(againInMs ?? waitMs, waitMs);
    }
    return againInMs;
  }

  /** The same for one group, if it waits. */
  makeRoomFor(group: PendingGroup, now: number, decisions: Decision[]): number | undefined {
    if (group.priority <= this.#lowest || !this.backlog.parked.has(group)) return undefined;
    const waitMs = this.#untilNextMs(group, now);
    if (waitMs !== 0) return waitMs;
    this.#displaceFor(group, now, decisions);
    return undefined;
  }

  /** Of all that a plan depends on. */
  get #version(): number {
    return this.table.changes.version + this.table.kept.version + this.#prioritiesVersion;
  }

  /** The lowest priority that any task can have. */
  get #lowest(): number {
    return Math.min(0, ...this.#priorities.values());
  }

  /** Nothing: as it was found then, it still is. */
  #untilNextMs(group: PendingGroup, now: number): number | undefined {
    const last = this.#looked.get(group);
    if (!last) return 0;
    if (last.version === this.#version) return undefined;
    // Within a pass it is seen through: what was placed or kept since then is part of it.
    return last.at === now && last.looks < MOST_LOOKS ? 0 : Math.max(0, last.at + AGAIN_MS - now);
  }

  #displaceFor(group: PendingGroup, now: number, decisions: Decision[]): void {
    const { prepared, serviceId, key, priority } = group;
    if (!prepared) return;
    const waiting = [...group.tasks()];
    const { victims, nodes } = planRoom({ ...this.#scene(), group: prepared.group, key, waiting });
    const keeper = { serviceId, key, serviceName: waiting[0]!.serviceName, priority, claim: prepared.group.claim };
    if (this.#keep(keeper, nodes)) group.outdate();
    for (const victim of victims) {
      const decision = displace(victim, keeper);
      this.#displaced.set(victim.id, decision.after);
      // It counts no more for those that want to be near it.
      this.table.putTask(this.view, decision.after);
      decisions.push(decision);
    }
    this.#noteLook(group, now);
  }

  #noteLook(group: PendingGroup, now: number): void {
    const last = this.#looked.get(group);
    const version = this.#lowestPlaced < group.priority ? OUT_OF_DATE : this.#version;
    this.#looked.set(group, { at: now, version, looks: last?.at === now ? last.looks + 1 : 1 });
  }

  /** What is there now. Tasks that were told to go a moment ago are so in the view too, sooner or later. */
  #scene(): Pick<RoomInput, 'view' | 'table' | 'latest'> {
    const { view, table } = this;
    for (const id of this.#displaced.keys()) {
      const task = view.get('tasks', id);
      if (!task || isToldToGo(task)) this.#displaced.delete(id);
    }
    return { view, table, latest: (task) => this.#displaced.get(task.id) ?? task };
  }

  #keep(keeper: Keeper, nodes: ReadonlyMap<number, number>): boolean {
    // Its priority may have been another one when the room was kept.
    const before = this.table.kept.keeperOf(keeper)?.priority ?? keeper.priority;
    const highest = Math.max(before, keeper.priority);
    const changes = this.table.kept.keep(keeper, nodes);
    const isOwn = ({ serviceId, key }: PendingGroup): boolean => serviceId === keeper.serviceId && key === keeper.key;
    if (changes) this.backlog.forgetPrepared((group) => group.priority < highest && !isOwn(group));
    return changes;
  }
}

function displace(victim: Task, { serviceName, priority }: Keeper): Decision {
  return { before: victim, after: { ...victim, desired: 'shutdown', madeRoomFor: { service: serviceName, priority } } };
}
