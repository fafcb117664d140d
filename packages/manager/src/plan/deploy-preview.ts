import type { PlanResult, Service, Task } from '@tessera/api';
import { type OverlayChange, OverlayView } from '../model/overlay.js';
import { byAge, isAssigned, isLive, isToldToGo, isWanted, slotKey } from '../model/task.js';
import type { ClusterView } from '../model/view.js';
import { NodeTable } from '../schedule/node-table.js';
import { schedule } from '../schedule/schedule.js';
import { planService } from './service/index.js';

/** Rounds of the simulation: far more than any update of a sensible size takes. */
const MOST_ROUNDS = 20_000;

type PlannedTask = PlanResult['tasks'][number];

/**
 * What a deploy would do: runs the very planners and the scheduler on a copy of the view, with agents that do at once
 * what they are told, until nothing changes. Nothing is written.
 * @param changes what the deploy would write, whatever it expects of what is stored
 */
export function previewDeploy(view: ClusterView, changes: readonly OverlayChange[], now: number): Omit<PlanResult, 'changes' | 'hash'> {
  const simulation = new Simulation(view, changes, now);
  simulation.run();
  const after = simulation.overlay;
  const tasks = simulation.serviceIds.flatMap((serviceId) => compareSlots(view, simulation, serviceId));
  const pending = simulation.serviceIds.flatMap((serviceId) =>
    [...after.tasksOfService(serviceId)].filter((task) => isWanted(task) && !isAssigned(task)),
  );
  return {
    tasks,
    unplaced: pending.map((task) => `${task.serviceName}${task.slot === undefined ? '' : `.${task.slot}`}: ${task.status.message}`),
  };
}

class Simulation {
  readonly overlay: OverlayView;
  readonly serviceIds: string[] = [];
  /** In which step each task is made or removed: a step is a pass of the planners in which any is. */
  readonly steps = new Map<string, number>();
  #step = 0;
  readonly #table: NodeTable;
  #now: number;
  #ids = 0;

  constructor(view: ClusterView, changes: readonly OverlayChange[], now: number) {
    this.overlay = new OverlayView(view);
    this.#table = NodeTable.of(view);
    this.#now = now;
    for (const change of changes) {
      if (change.kind === 'services') this.serviceIds.push(change.type === 'put' ? change.object.id : change.id);
      this.#apply(patient(change));
    }
  }

  run(): void {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const { changed, againInMs } = this.#plan();
      const moved = this.#schedule() || this.#obey() || changed;
      if (moved) continue;
      if (againInMs === undefined) return;
      this.#now += againInMs;
    }
  }

  #plan(): { changed: boolean; againInMs: number | undefined } {
    let [changed, soonest] = [false, Number.POSITIVE_INFINITY];
    const begun: string[] = [];
    for (const serviceId of this.serviceIds) {
      const { changes, againInMs } = planService(this.overlay, serviceId, this.#now, () => `planned${++this.#ids}`);
      begun.push(...changes.flatMap((change) => this.#beginning(change) ?? []));
      for (const change of changes) this.#apply(change);
      changed ||= changes.length > 0;
      soonest = Math.min(soonest, againInMs ?? soonest);
    }
    if (begun.length > 0) this.#step++;
    for (const taskId of begun) this.steps.set(taskId, this.#step);
    return { changed, againInMs: Number.isFinite(soonest) ? soonest : undefined };
  }

  /** The task that a change makes, or that it removes for good. */
  #beginning(change: OverlayChange): string | undefined {
    if (change.kind !== 'tasks' || change.type !== 'put') return undefined;
    const before = this.overlay.get('tasks', change.object.id);
    const goes = change.object.desired === 'remove' && before?.desired !== 'remove';
    return !before || goes ? change.object.id : undefined;
  }

  #schedule(): boolean {
    const decisions = schedule(this.overlay, this.#table, this.#now);
    for (const { after } of decisions) {
      this.#apply({ type: 'put', kind: 'tasks', object: after });
      // What makes room for the deploy is part of what it does.
      if (after.madeRoomFor && !this.serviceIds.includes(after.serviceId)) this.serviceIds.push(after.serviceId);
    }
    return decisions.length > 0;
  }

  /** Agents that start and stop tasks at once. */
  #obey(): boolean {
    let moved = false;
    for (const serviceId of this.serviceIds) {
      for (const task of [...this.overlay.tasksOfService(serviceId)]) {
        const state = obeyed(task);
        if (state === undefined) continue;
        const status: Task['status'] = {
          ...task.status,
          state,
          at: this.#now,
          message: state,
          startedAt: task.status.startedAt ?? this.#now,
        };
        this.#apply({ type: 'put', kind: 'tasks', object: { ...task, status } });
        moved = true;
      }
    }
    return moved;
  }

  #apply(change: OverlayChange): void {
    const before = change.kind === 'tasks' && change.type === 'delete' ? this.overlay.get('tasks', change.id) : undefined;
    this.overlay.apply(change);
    if (change.kind === 'networks' && change.type === 'put') this.#table.networks.put(change.object);
    if (change.kind !== 'tasks') return;
    if (change.type === 'put') this.#table.putTask(this.overlay, change.object);
    else if (before) this.#table.release(before);
  }
}

/**
 * What has no place waits for ever here: it is told as such, and nothing is rolled back for it. What a schedule will start is
 * no part of the deploy.
 */
function patient(change: OverlayChange): OverlayChange {
  if (change.kind !== 'services' || change.type !== 'put') return change;
  const { spec, jobControl } = change.object;
  const object: Service = { ...change.object, spec: { ...spec, progressDeadlineMs: 0 } };
  return { ...change, object: spec.schedule ? { ...object, jobControl: { requested: 0, ...jobControl, suspended: true } } : object };
}

function obeyed(task: Task): Task['status']['state'] | undefined {
  if (!isLive(task) || !isAssigned(task)) return undefined;
  if (isToldToGo(task)) return 'shutdown';
  if (task.desired === 'complete') return 'complete';
  const isUp = task.status.state === 'running' && (task.status.health ?? 'healthy') === 'healthy';
  return task.desired === 'running' && !isUp ? 'running' : undefined;
}

/** One line for each slot that the service has before or after. */
function compareSlots(before: ClusterView, { overlay: after, steps }: Simulation, serviceId: string): PlannedTask[] {
  const [old, fresh] = [occupants(before, serviceId), occupants(after, serviceId)];
  const keys = [...new Set([...old.keys(), ...fresh.keys()])].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  return keys.map((key) => describeSlot(after, old.get(key), fresh.get(key), steps));
}

/** The task that stands for each slot: the wanted one, or what a job has completed; of several runs of a job, the newest. */
function occupants(view: ClusterView, serviceId: string): Map<string, Task> {
  const found = new Map<string, Task>();
  for (const task of [...view.tasksOfService(serviceId)].sort(byAge)) {
    const counts = isWanted(task) || (task.desired === 'complete' && task.status.state === 'complete');
    if (counts) found.set(slotKey({ slot: task.slot, nodeId: task.nodeId }), task);
  }
  return found;
}

function describeSlot(view: ClusterView, old: Task | undefined, fresh: Task | undefined, steps: ReadonlyMap<string, number>): PlannedTask {
  const task = (fresh ?? old)!;
  const nodeOf = ({ nodeId }: Task): string | undefined => (nodeId === undefined ? undefined : view.get('nodes', nodeId)?.name);
  const node = nodeOf(task);
  const from = old && fresh && old.id !== fresh.id ? nodeOf(old) : undefined;
  const action = !fresh ? 'stop' : !old ? 'start' : old.id === fresh.id ? 'keep' : 'replace';
  return {
    service: task.serviceName,
    ...(task.slot !== undefined && { slot: task.slot }),
    action,
    ...(node !== undefined && { node }),
    ...(from !== undefined && from !== node && { from }),
    ...(steps.has(task.id) && { step: steps.get(task.id)! }),
    ...(fresh && !isAssigned(fresh) && { reason: fresh.status.message }),
  };
}
