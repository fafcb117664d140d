import { DEFAULT_PROGRESS_DEADLINE_MS, type Service, type ServiceSpec, type Task } from '@tessera/api';
import { formatDuration } from '@tessera/api/spec/duration';
import { endedAt, endedByItself, isLive, isRunning, isToldToGo, isWanted } from '../../../model/task.js';
import type { ServiceDraft, Slot } from '../draft.js';
import { isDirty } from '../misfit.js';
import { activeConfig, concernsCurrent } from './status.js';

/** Slots whose new task failed, and slots whose new task has not come up in time. */
export interface Failures {
  failed: ReadonlySet<Slot>;
  stuck: ReadonlySet<Slot>;
}

/** What went wrong with the update so far. Wakes the draft when the next deadline passes. */
export function failuresOf(draft: ServiceDraft, slots: readonly Slot[]): Failures {
  const failed = new Set(slots.filter((slot) => failedTasks(draft, slot).length > 0));
  return { failed, stuck: new Set(slots.filter((slot) => !failed.has(slot) && isStuck(draft, slot))) };
}

/** How many slots failed and what became of one of them, in words. */
export function describeFailures(draft: ServiceDraft, { failed, stuck }: Failures, total: number): string {
  const of = (slots: ReadonlySet<Slot>): string => `${slots.size} of ${total} ${total === 1 ? 'slot' : 'slots'}`;
  const [latest] = [...failed]
    .flatMap((slot) => failedTasks(draft, slot).map((task) => ({ slot, task })))
    .sort((a, b) => endedAt(b.task) - endedAt(a.task));
  if (latest) return `${of(failed)} failed${whichSlot(latest.slot)}: ${latest.task.status.error ?? latest.task.status.message}`;
  const [slot] = stuck;
  const limit = formatDuration(deadlineOf(draft.service.spec));
  return `${of(stuck)} did not come up within ${limit}${whichSlot(slot!)}: ${waitReason(slot!.tasks)}`;
}

/** Made by the current update: of its revision or a later one with the same template. */
export function isOfUpdate(draft: ServiceDraft, task: Task): boolean {
  const since = concernsCurrent(draft.view, draft.service) ? draft.service.update?.specRevision : undefined;
  return since !== undefined && task.specRevision >= since && !isDirty(draft, task);
}

/** How long a new task may take to come up; 0: for ever. */
export function deadlineOf({ progressDeadlineMs = DEFAULT_PROGRESS_DEADLINE_MS }: ServiceSpec): number {
  return progressDeadlineMs;
}

/**
 * Since when a slot waits for a task that comes up, by its tasks of one template, oldest first; undefined when it does not
 * wait. What waits for a dependency does not count: that one has a deadline of its own. Nor do tasks that were taken away before they came up, with their
 * node for instance: the time without it is nobody's failure.
 */
export function waitsSince(tasks: readonly Task[], service: Service, monitorMs: number): number | undefined {
  const attempts = tasks.slice(tasks.findLastIndex((task) => cameUp(task, service, monitorMs)) + 1).filter((task) => !isTakenAway(task));
  const [first] = attempts;
  const newest = attempts.at(-1);
  if (!first || !newest || newest.status.state === 'complete' || newest.status.state === 'new') return undefined;
  return Math.max(first.createdAt, first.releasedAt ?? 0);
}

function isTakenAway(task: Task): boolean {
  return isToldToGo(task) || task.status.state === 'orphaned';
}

/** What the newest task of a slot that has not come up is doing. */
export function waitReason(tasks: readonly Task[]): string {
  const task = tasks.findLast(isWanted) ?? tasks.at(-1)!;
  const { state, message, error } = task.status;
  if (task.desired === 'ready' && state === 'ready' && tasks.some((other) => other !== task && !isWanted(other)))
    return 'the task before it has not ended';
  if (state === 'running') return `unhealthy: ${message}`;
  return error ?? (message === '' ? state : message);
}

/** New tasks of this slot that the update counts as failed: gone before they ran, or too soon after. */
function failedTasks(draft: ServiceDraft, slot: Slot): Task[] {
  const { monitorMs } = activeConfig(draft.service);
  const since = draft.service.update?.resumedAt ?? 0;
  return slot.tasks.filter(
    (task) => isOfUpdate(draft, task) && endedByItself(task) && endedAt(task) > since && endedTooSoon(task, draft.service, monitorMs),
  );
}

function isStuck(draft: ServiceDraft, slot: Slot): boolean {
  const { service, now } = draft;
  const limitMs = deadlineOf(service.spec);
  const tasks = slot.tasks.filter((task) => isOfUpdate(draft, task));
  const since = limitMs === 0 ? undefined : waitsSince(tasks, service, activeConfig(service).monitorMs);
  if (since === undefined) return false;
  const until = Math.max(since, service.update?.resumedAt ?? 0) + limitMs;
  draft.wakeAt(until);
  return until <= now;
}

/** It runs, or did so for long enough. */
function cameUp(task: Task, service: Service, monitorMs: number): boolean {
  if (isRunning(task)) return true;
  return !isLive(task) && task.status.startedAt !== undefined && !endedTooSoon(task, service, monitorMs);
}

function endedTooSoon(task: Task, service: Service, monitorMs: number): boolean {
  if (task.status.state === 'complete') return service.spec.template.restart.condition === 'any' && ranFor(task) <= monitorMs;
  if (task.status.health !== undefined && task.status.health !== 'healthy') return true;
  return ranFor(task) <= monitorMs;
}

function ranFor(task: Task): number {
  return task.status.startedAt === undefined ? 0 : endedAt(task) - task.status.startedAt;
}

function whichSlot(slot: Slot): string {
  return slot.number === undefined ? '' : ` (slot ${slot.number})`;
}
