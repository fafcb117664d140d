import { endedAt, isFencedTemplate, isTerminal, restartDecision } from '@tessera/api';
import type { ObservedContainer } from '../model/container.js';
import { labelledNetworks } from '../model/labels.js';
import { advance, type StatusChange, type TaskRecord, withoutAddresses } from '../model/task-record.js';
import { ending } from './ending.js';
import { lastWords } from './last-words.js';
import { planReload, reloadFacts } from './reload.js';
import type { Step, TaskPlan } from './step.js';

/** One task as it should be and as it is. No record: the container is left over from a task that nobody knows. */
export interface TaskView {
  record?: TaskRecord;
  container?: ObservedContainer;
  /** Tasks that must not run where no manager can be reached may not run now. */
  isFenceShut?: boolean;
  /** Nothing starts before: no manager has said yet what is still wanted of what the agent ran before. */
  startsFrom?: number;
  /** The engine went away in the middle of something: what it calls not running may run all the same. */
  mayHaveStrays?: boolean;
}

/** Stop grace for a container whose task is not known any more. */
const ORPHAN_GRACE_MS = 10_000;
/** Restarts remembered for a slot whose policy has no limit of attempts. */
const REMEMBERED_RESTARTS = 100;
const REMOVING_RECHECK_MS = 1_000;
/** How long a task that is to go waits for its open connections when its service says nothing. */
const DEFAULT_DRAIN_MS = 1_000;

type StopStep = Extract<Step, { type: 'stop' }>;

/** What to do now to bring one task to where it should be. Planning what has just been carried out gives no steps. */
export function planTask(view: TaskView, now: number): TaskPlan {
  const { record, container } = view;
  if (container && view.mayHaveStrays && !isLive(container)) return { steps: [{ type: 'end-strays', containerId: container.id }] };
  if (!record) return { steps: container ? removal(container, ORPHAN_GRACE_MS) : [] };
  if (!container) return planWithoutContainer(record, now);
  switch (container.state) {
    case 'created':
      return planCreated(record, container, now, view);
    case 'running':
    case 'paused':
    case 'restarting':
      return planRunning(record, container, now);
    case 'exited':
    case 'dead':
      return { steps: planEnded(record, container, now) };
    case 'removing':
      return { steps: [], wakeAt: now + REMOVING_RECHECK_MS };
  }
}

function planWithoutContainer(record: TaskRecord, now: number): TaskPlan {
  const { state } = record.status;
  if (isTerminal(state)) return { steps: [...afterEnd(record), ...forget(record)] };
  if (mustEnd(record)) return { steps: [...report(record, now, { state: 'shutdown', message: 'ended before it started' })] };
  if (state === 'starting' || state === 'running') {
    const error = 'its container is gone: it was removed by someone other than Tessera';
    return { steps: end(record, now, { state: 'failed', message: 'failed', error }) };
  }
  const preparing = state === 'accepted' ? report(record, now, { state: 'preparing', message: 'preparing' }) : [];
  return { steps: [...preparing, { type: 'ensure-image' }, { type: 'write-files' }, { type: 'create' }] };
}

function planCreated(record: TaskRecord, container: ObservedContainer, now: number, { isFenceShut, startsFrom = 0 }: TaskView): TaskPlan {
  if (isTerminal(record.status.state)) return { steps: [...afterEnd(record), ...disposal(record, container)] };
  if (mustEnd(record)) return { steps: report(record, now, { state: 'shutdown', message: 'ended before it started' }) };
  if (isHalfMade(container)) return { steps: [{ type: 'remove-container', containerId: container.id }] };
  const ready = report(record, now, { state: 'ready', message: readyMessage(record, now), containerId: container.id });
  if (record.assignment.desired === 'ready') return { steps: ready };
  const startAt = Math.max(record.assignment.startAfter ?? 0, startsFrom);
  if (startAt > now) return { steps: ready, wakeAt: startAt };
  if (isFenceShut && isFencedTemplate(record.assignment.template)) {
    const message = 'waits until a manager can be reached, because x-partition is stop';
    return { steps: report(record, now, { state: 'ready', message, containerId: container.id }) };
  }
  const starting = report(record, now, { state: 'starting', message: 'starting', containerId: container.id });
  return { steps: [...ready, ...starting, { type: 'write-files' }, { type: 'start', containerId: container.id }] };
}

/** The agent died between the container's creation and its last network: it is made anew. */
function isHalfMade({ labels, networks }: ObservedContainer): boolean {
  return Object.values(labelledNetworks(labels)).some((name) => !networks.includes(name));
}

function readyMessage({ assignment: { startAfter = 0, restart } }: TaskRecord, now: number): string {
  if (startAfter <= now) return 'ready';
  const at = new Date(startAfter).toISOString();
  return restart ? `restarts at ${at} (restart ${restart.attempt} in a row): ${restart.reason}` : `ready, starts at ${at}`;
}

function planRunning(record: TaskRecord, container: ObservedContainer, now: number): TaskPlan {
  const { holdUntil = 0 } = record;
  const isOver = isTerminal(record.status.state) || record.endReason !== undefined;
  if (!isOver && mustEnd(record)) {
    if (holdUntil > now) return { steps: [], wakeAt: holdUntil };
    return { steps: [{ ...stopOf(record, container), ...drainOf(record, container) }] };
  }
  if (isOver) return { steps: [stopOf(record, container)] };
  if (container.health?.status === 'unhealthy') return { steps: condemnation(record, container, now) };
  const live = liveStatus(record, container);
  const { runningAt = now } = record.status;
  const told = report(record, now, live.state === 'running' ? { ...live, runningAt } : live);
  const { steps, ...later } = planReload(record, container, now);
  return { steps: [...told, ...steps], ...later };
}

function condemnation(record: TaskRecord, container: ObservedContainer, now: number): Step[] {
  const output = lastWords((container.health?.lastOutput ?? '').split('\n'));
  const reason = `unhealthy: ${output || 'the health check failed without output'}`;
  return [
    ...report(record, now, { state: record.status.state, message: 'stopping: unhealthy', health: 'unhealthy' }),
    { type: 'condemn', reason },
    stopOf(record, container),
  ];
}

function stopOf({ assignment }: TaskRecord, { id: containerId }: ObservedContainer): StopStep {
  return { type: 'stop', containerId, graceMs: assignment.template.container.stopGraceMs };
}

/** What is asked for holds as far as the grace goes; by itself it leaves half of the grace to the program. */
function drainOf({ assignment: { drainMs, template } }: TaskRecord, container: ObservedContainer): Pick<StopStep, 'drain'> {
  const { stopGraceMs } = template.container;
  const limitMs = drainMs === undefined ? Math.min(DEFAULT_DRAIN_MS, stopGraceMs / 2) : Math.min(drainMs, stopGraceMs);
  const addresses = [container.addresses, container.addresses6].flatMap((given) => Object.values(byNetwork(container, given)));
  return limitMs > 0 && addresses.length > 0 ? { drain: { addresses, limitMs } } : {};
}

function liveStatus(record: TaskRecord, container: ObservedContainer): StatusChange {
  const { note, ...files } = reloadFacts(record);
  const addresses6 = byNetwork(container, container.addresses6);
  const facts = {
    ...files,
    containerId: container.id,
    addresses: byNetwork(container, container.addresses),
    ...(Object.keys(addresses6).length > 0 && { addresses6 }),
    ...(container.startedAt !== undefined && { startedAt: container.startedAt }),
  };
  if (!container.health) return { ...facts, state: 'running', message: `running${note}` };
  if (container.health.status === 'healthy') return { ...facts, state: 'running', message: `running, healthy${note}`, health: 'healthy' };
  return { ...facts, state: 'starting', message: 'started, waits for its health check', health: 'starting' };
}

/** @param addresses by Docker network */
function byNetwork({ labels }: ObservedContainer, addresses: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(labelledNetworks(labels)).map(([id, name]) => [id, addresses[name]] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => Boolean(entry[1])));
}

function planEnded(record: TaskRecord, container: ObservedContainer, now: number): Step[] {
  if (isTerminal(record.status.state)) return [...afterEnd(record), ...disposal(record, container)];
  const change = ending(record, container);
  if (change.state === 'failed' && record.lastWords === undefined)
    return [...report(record, now, withoutAddresses(record.status)), { type: 'read-last-words', container }];
  return end(record, now, change);
}

function mustEnd({ assignment }: TaskRecord): boolean {
  return assignment.desired === 'shutdown' || assignment.desired === 'remove';
}

/** The end is told together with the successor: a manager that heard of the end alone would fill the slot as well. */
function end(record: TaskRecord, now: number, change: StatusChange): Step[] {
  const status = advance(record.status, change, now) ?? record.status;
  return [...report(record, now, change), ...afterEnd({ ...record, status })];
}

/** A task that ended by itself while it should run: its restart policy decides, once. Jobs (desired `complete`) are the manager's. */
export function afterEnd({ status, assignment, restartSettled }: TaskRecord): Step[] {
  if (restartSettled || assignment.desired !== 'running') return [];
  if (status.state === 'rejected') return [{ type: 'no-restart', reason: 'this node cannot run it' }];
  const { restarts, restart, template } = assignment;
  const decision = restartDecision({ status, policy: template.restart, restarts, restart });
  if (!decision.isRestarted) return [{ type: 'no-restart', reason: decision.reason }];
  const remembered = Math.max(template.restart.maxAttempts, REMEMBERED_RESTARTS);
  const { startAfter } = decision;
  return [{ type: 'restart', startAfter, restarts: [...restarts, endedAt(status)].slice(-remembered), restart: decision.restart }];
}

/** Ended containers stay for their logs, until retention or the manager removes them. */
function disposal(record: TaskRecord, container: ObservedContainer): Step[] {
  return record.assignment.desired === 'remove' ? [{ type: 'remove-container', containerId: container.id }, { type: 'remove-files' }] : [];
}

function forget({ wanted, confirmed }: TaskRecord): Step[] {
  return wanted || !confirmed ? [] : [{ type: 'remove-files' }, { type: 'forget' }];
}

function isLive({ state }: ObservedContainer): boolean {
  return state === 'running' || state === 'paused' || state === 'restarting';
}

function removal(container: ObservedContainer, graceMs: number): Step[] {
  const stop: Step[] = isLive(container) ? [{ type: 'stop', containerId: container.id, graceMs }] : [];
  return [...stop, { type: 'remove-container', containerId: container.id }, { type: 'remove-files' }];
}

function report(record: TaskRecord, now: number, change: StatusChange): Step[] {
  return advance(record.status, change, now) ? [{ type: 'report', change }] : [];
}
