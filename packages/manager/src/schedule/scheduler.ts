import type { Kind, Node, ObjectChange, ObjectTypes, Service, Task } from '@tessera/api';
import { sourceOf } from '../model/spec-of.js';
import { isPending } from '../model/task.js';
import { type ClusterView, keepsApart } from '../model/view.js';
import { affinityFacts, hasAffinities } from './affinity/rules.js';
import { Backlog } from './backlog.js';
import { Checks } from './checks.js';
import { claimOf, countsAsReplica, holdsClaim } from './claim.js';
import { Companions } from './companions.js';
import { assign, assignedAt, type Decision } from './decision.js';
import { NodeTable } from './node-table.js';
import { packedLast, volumeOf } from './packing.js';
import { parcelOf } from './parcel.js';
import type { Given, PendingGroup } from './pending-group.js';
import { placeTasks } from './place.js';
import { Preemption } from './preemption/preemption.js';
import { priorityOf } from './priority.js';
import { Refusals } from './refusals.js';
import { taskGroupOf } from './task-group.js';

export interface Pass {
  /** Tasks that stay without a node are among them only when their reason is to be told anew. */
  decisions: Decision[];
  /** Look again after so many milliseconds though nothing changes. */
  againInMs?: number;
}

/**
 * Gives nodes to waiting tasks, change by change: a change costs the groups that it touches. Holds what the view holds, and
 * what was decided but is not in the view yet; reads no time.
 */
export class Scheduler {
  readonly #backlog: Backlog;
  readonly #companions: Companions;
  readonly #preemption: Preemption;
  /** What rules between services look at, by service. */
  readonly #facts = new Map<string, string>();

  constructor(
    private readonly view: ClusterView,
    private readonly table: NodeTable,
  ) {
    this.#backlog = new Backlog((task) => ({ priority: priorityOf(view, task), parcel: parcelOf(view, task) }));
    this.#companions = new Companions(view);
    this.#preemption = new Preemption(view, table, this.#backlog);
    for (const task of view.pendingTasks()) this.#backlog.put(task);
    for (const service of view.all('services')) this.#facts.set(service.id, affinityFacts(service));
  }

  static of(view: ClusterView): Scheduler {
    return new Scheduler(view, NodeTable.of(view));
  }

  /** Takes over a change that the view has. @param gone the object that was deleted */
  onChange(change: ObjectChange, gone?: ObjectTypes[Kind]): void {
    switch (change.kind) {
      case 'nodes':
        this.#putNode(change.id, change.object);
        break;
      case 'tasks':
        if (change.object) this.#putTask(change.object);
        else if (gone) this.#dropTask(gone as Task);
        break;
      case 'networks': {
        const name = this.table.networks.take(change.id, change.object);
        for (const service of name === undefined ? [] : this.view.servicesOfNetwork(name)) this.#backlog.wakeService(service.id);
        break;
      }
      case 'services':
        this.#putService(change.id, change.object);
        break;
      case 'revisions':
        if (change.object) this.#backlog.wakeService(change.object.serviceId);
        break;
      default:
    }
  }

  /** Whether a task waits: otherwise a pass has nothing to do. */
  get hasWaiting(): boolean {
    return this.#backlog.size > 0;
  }

  /** Decides on at most so many tasks; what is left is decided in the next pass. */
  pass(now: number, most = Number.POSITIVE_INFINITY): Pass {
    const decisions: Decision[] = [];
    let roomInMs: number | undefined;
    // Room of those that wait no more, or have another priority now, must not turn anybody away.
    this.#preemption.begin();
    this.#wakeParked();
    do {
      this.#lookAtDue(now, most, decisions);
      this.#preemption.settle();
      roomInMs = this.#preemption.makeRoom(now, decisions);
      // Room that is kept for others, or not any more, concerns those that come after them.
    } while (this.#backlog.due.size > 0 && decisions.length < most);
    const refusals = this.#tellRefused(now);
    for (const decision of refusals.decisions) decisions.push(decision);
    const againInMs = this.#backlog.due.size > 0 ? 0 : soonest(refusals.againInMs, roomInMs);
    return { decisions, ...(againInMs !== undefined && { againInMs }) };
  }

  #lookAtDue(now: number, most: number, decisions: Decision[]): void {
    while (this.#backlog.due.size > 0 && decisions.length < most) {
      for (const group of packedLast(this.#backlog.inOrder(), this.table)) {
        if (decisions.length >= most) break;
        this.#look(group, now, most, decisions);
        // Before those of lower priority are looked at: room that is made is not theirs.
        this.#preemption.makeRoomFor(group, now, decisions);
      }
      // What was placed may help others: affinity to a service that had no task yet.
      this.#wakeParked();
    }
  }

  /** Takes back a decision that could not be written: the task is what the view says. */
  takeBack({ before }: Decision): void {
    this.#preemption.takeBack(before.id);
    const task = this.view.get('tasks', before.id);
    if (task) {
      this.#putTask(task);
      this.#backlog.restore(task);
    } else {
      this.#dropTask(before);
    }
  }

  #putNode(id: string, node: Node | undefined): void {
    if (!node) {
      this.table.deleteNode(id);
      return;
    }
    const isNew = this.table.indexOf(id) === undefined;
    this.table.putNode(node);
    // Tasks that were known before their node, or of a node that was removed and came back.
    if (isNew) for (const task of this.view.tasksOfNode(id)) this.table.putTask(this.view, task);
  }

  #putTask(task: Task): void {
    const waiting = this.#backlog.find(task);
    if (!this.#isKnown(task, waiting?.given)) this.table.putTask(this.view, task);
    this.#backlog.put(task, waiting);
    this.#companions.putTask(task);
  }

  #dropTask(task: Task): void {
    this.table.release(task);
    this.#backlog.delete(task);
  }

  /** Whether the table has what there is to know of the task: it waits and holds nothing, or has become what was decided for it. */
  #isKnown(task: Task, given: Given | undefined): boolean {
    if (!given) return isPending(task);
    if (!holdsClaim(task) || !countsAsReplica(task) || task.nodeId !== given.node.id) return false;
    // A node that was removed and came back meanwhile has forgotten its tasks.
    const source = this.table.node(given.index) === given.node ? sourceOf(this.view, task) : undefined;
    return source !== undefined && claimOf(task.serviceId, source) === given.claim;
  }

  #putService(id: string, service: Service | undefined): void {
    if (!service) this.table.failures.forgetService(id);
    this.#preemption.putService(id, service);
    this.#companions.putService(id, service);
    this.#backlog.wakeService(id);
    const facts = service && affinityFacts(service);
    if (facts === this.#facts.get(id)) return;
    if (facts === undefined) this.#facts.delete(id);
    else this.#facts.set(id, facts);
    // Rules between services are part of what was made ready for a group, and this service may bring some for any group.
    this.#backlog.forgetPrepared((_, group) => (service !== undefined && keepsApart(service)) || hasAffinities(group.affinities));
  }

  /** Finds the parked groups that a change since the last time may help. */
  #wakeParked(): void {
    const since = this.table.changes.take();
    for (const group of this.#backlog.parked) {
      // Without a source it waits for that alone.
      if (!group.prepared) continue;
      const { checks } = group.prepared;
      if (checks.needsAnew(since)) this.#backlog.wake(group);
      else this.#backlog.wakeAt(group, checks.helped(since));
    }
  }

  /** Places what can be placed, and parks the group if something is left though nothing else is to be tried. */
  #look(group: PendingGroup, now: number, most: number, decisions: Decision[]): void {
    // What counts beyond single nodes was counted before others were placed.
    if (group.prepared?.checks.countsFar && group.prepared.version !== this.table.changes.version) group.prepared = undefined;
    group.prepared ??= this.#prepare(group);
    if (group.prepared && group.isAwake) {
      const volume = group.parcel && volumeOf(this.#backlog.due, this.#companions, group.parcel.pool);
      const placed = placeTasks({ table: this.table, group, prepared: group.prepared, most: most - decisions.length, now, volume });
      const status = assignedAt(now);
      const { claim } = group.prepared.group;
      for (const { waiting, index, resources } of placed) {
        const node = this.table.node(index)!;
        decisions.push(assign(waiting.task, node.id, resources, status));
        this.#backlog.decided(waiting, { index, node, claim });
        this.#preemption.placed(group, index);
      }
      this.#companions.placed(group.serviceId, placed.length);
    }
    if (group.size > 0 && decisions.length < most) {
      this.#backlog.park(group);
      this.#companions.parked(group.serviceId);
    }
  }

  #prepare({ first }: PendingGroup): PendingGroup['prepared'] {
    const group = taskGroupOf(this.view, first);
    return group && { group, checks: new Checks(group, this.table), version: this.table.changes.version };
  }

  /** Reasons are told as they are when all is placed: another pass finds the same ones. */
  #tellRefused(now: number): Refusals {
    const { parked, due } = this.#backlog;
    const refusals = new Refusals(this.table, now, parked.size);
    // Those that are to be looked at again are told after that.
    for (const group of parked) if (!due.has(group)) refusals.tell(group, group.takeFresh());
    return refusals;
  }
}

function soonest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}
