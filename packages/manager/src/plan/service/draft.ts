import {
  type DesiredState,
  type Service,
  type ServiceRevision,
  serviceRevisionId,
  type Task,
  type TaskRestart,
  type TaskStatus,
} from '@tessera/api';
import { byAge, canWant, isAssigned, isLive, isRunning, isToldToGo, isWanted, slotKey } from '../../model/task.js';
import type { ClusterView } from '../../model/view.js';
import type { Change, NewId, Plan } from '../plan.js';

/** Of why a move was given up. */
const MOST_CHARACTERS = 1024;

/** All tasks of one slot, oldest first, as the draft has them so far. */
export class Slot {
  constructor(
    readonly key: string,
    readonly number: number | undefined,
    readonly nodeId: string | undefined,
    public tasks: readonly Task[],
    /** Of jobs: the run that it is a slot of. */
    readonly run?: number,
  ) {}

  get live(): Task[] {
    return this.tasks.filter(isLive);
  }

  /** Live, and nobody told them to go. */
  get wanted(): Task[] {
    return this.tasks.filter(isWanted);
  }

  get newest(): Task | undefined {
    return this.tasks.at(-1);
  }

  get isAvailable(): boolean {
    return this.tasks.some((task) => isWanted(task) && isRunning(task));
  }
}

/** What a new task is made from. */
export type TaskTemplateRef = Pick<ServiceRevision, 'specRevision' | 'templateHash'>;

/** How a new task comes to be. */
export interface TaskOrigin {
  /** It starts no earlier, in milliseconds since the epoch. */
  startAfter?: number;
  /** The task before it ended by itself. */
  restart?: TaskRestart;
  /** Why it may not be placed yet. */
  hold?: string | undefined;
}

/**
 * A service and its tasks while a plan is being made: later steps see what earlier ones decided, and at the end the
 * differences are the plan.
 */
export class ServiceDraft {
  service: Service;
  readonly slots = new Map<string, Slot>();
  readonly #before = new Map<string, Task>();
  readonly #extra: Change[] = [];
  #wakeAt = Number.POSITIVE_INFINITY;

  constructor(
    readonly view: ClusterView,
    service: Service,
    readonly now: number,
    private readonly newId: NewId,
  ) {
    this.service = service;
    const groups = new Map<string, Task[]>();
    for (const task of view.tasksOfService(service.id)) {
      this.#before.set(task.id, task);
      const group = groups.get(slotKey(task));
      if (group) group.push(task);
      else groups.set(slotKey(task), [task]);
    }
    for (const [key, tasks] of groups) {
      const { slot, nodeId, run } = tasks[0]!;
      this.slots.set(key, new Slot(key, slot, slot === undefined ? nodeId : undefined, tasks.sort(byAge), run));
    }
  }

  /** Slots that are not being removed. */
  get occupied(): Slot[] {
    return [...this.slots.values()].filter((slot) => slot.tasks.some((task) => task.desired !== 'remove'));
  }

  /** The slot with this number, or of this node, in a run of a job; made when there is none. */
  slot(number: number | undefined, nodeId?: string, run?: number): Slot {
    const key = slotKey({ slot: number, nodeId, run });
    let slot = this.slots.get(key);
    if (!slot) this.slots.set(key, (slot = new Slot(key, number, nodeId, [], run)));
    return slot;
  }

  /** Adds a task to a slot. It waits (`ready`) until it is released. */
  create(slot: Slot, template: TaskTemplateRef, { startAfter, restart, hold }: TaskOrigin): void {
    const { service, now } = this;
    const image = this.#imageOf(template);
    const task: Task = {
      id: this.newId(),
      revision: 0,
      // Strictly younger than what was there: age decides who has the slot.
      createdAt: Math.max(now, (slot.newest?.createdAt ?? 0) + 1),
      updatedAt: now,
      serviceId: service.id,
      serviceName: service.spec.name,
      ...(service.spec.stack !== undefined && { stack: service.spec.stack }),
      specRevision: template.specRevision,
      templateHash: template.templateHash,
      ...(image !== undefined && { image }),
      ...(slot.number !== undefined && { slot: slot.number }),
      ...(slot.nodeId !== undefined && { nodeId: slot.nodeId }),
      ...(slot.run !== undefined && { run: slot.run }),
      desired: 'ready',
      ...(startAfter !== undefined && startAfter > now && { startAfter }),
      ...(restart && { restart }),
      // What displaced its predecessor is what it waits for.
      ...(slot.newest?.madeRoomFor && isToldToGo(slot.newest) && { madeRoomFor: slot.newest.madeRoomFor }),
      status: { state: hold === undefined ? 'pending' : 'new', at: now, message: hold ?? 'waiting for a node' },
    };
    slot.tasks = [...slot.tasks, task];
  }

  /** Wants a further state of a task. One that no agent knows yet ends here and now. */
  want(slot: Slot, task: Task, desired: DesiredState): void {
    if (!canWant(task.desired, desired)) return;
    const ends = (desired === 'shutdown' || desired === 'remove') && isLive(task) && !isAssigned(task);
    this.#replace(slot, {
      ...task,
      desired,
      ...(ends && { status: { state: 'shutdown', at: this.now, message: 'stopped before it had a node' } }),
    });
  }

  /** Lets a task that was held back go to the scheduler. */
  letGo(slot: Slot, task: Task): void {
    const status: TaskStatus = { state: 'pending', at: this.now, message: 'waiting for a node' };
    this.#replace(slot, { ...task, releasedAt: this.now, status });
  }

  /** The task stays where it is. @param why in words */
  giveUpMove(slot: Slot, task: Task, why: string): void {
    this.#replace(slot, { ...task, move: { ...task.move!, givenUp: why.slice(0, MOST_CHARACTERS) } });
  }

  setStatus(slot: Slot, task: Task, status: TaskStatus): void {
    this.#replace(slot, { ...task, status });
  }

  /** Forgets a task that has ended. */
  drop(slot: Slot, task: Task): void {
    slot.tasks = slot.tasks.filter((other) => other.id !== task.id);
    if (slot.tasks.length === 0) this.slots.delete(slot.key);
  }

  /** Asks to look again at this time. */
  wakeAt(at: number): void {
    if (at > this.now) this.#wakeAt = Math.min(this.#wakeAt, at);
  }

  /** Adds a change of something else than the service and its tasks. */
  add(change: Change): void {
    this.#extra.push(change);
  }

  plan(): Plan {
    const changes: Change[] = [...this.#extra];
    const original = this.view.get('services', this.service.id);
    if (original && original !== this.service)
      changes.push({ type: 'put', kind: 'services', object: this.service, expect: { revision: original.revision } });
    const kept = new Set<string>();
    for (const slot of this.slots.values()) {
      for (const task of slot.tasks) {
        kept.add(task.id);
        const before = this.#before.get(task.id);
        if (before !== task)
          changes.push({ type: 'put', kind: 'tasks', object: task, expect: before ? { revision: before.revision } : 'absent' });
      }
    }
    for (const task of this.#before.values()) {
      if (!kept.has(task.id)) changes.push({ type: 'delete', kind: 'tasks', id: task.id, expect: { revision: task.revision } });
    }
    return Number.isFinite(this.#wakeAt) ? { changes, againInMs: this.#wakeAt - this.now } : { changes };
  }

  #imageOf({ specRevision, templateHash }: TaskTemplateRef): string | undefined {
    const { service, view } = this;
    const source = templateHash === service.templateHash ? service : view.get('revisions', serviceRevisionId(service.id, specRevision));
    return source?.spec.template.container.image;
  }

  #replace(slot: Slot, task: Task): void {
    slot.tasks = slot.tasks.map((other) => (other.id === task.id ? task : other));
  }
}
