import type { JobRun, RestartPolicy, ServiceMode, Task } from '@tessera/api';
import { sourceOf } from '../../../model/spec-of.js';
import { endedAt, endedByItself, isLive } from '../../../model/task.js';
import { unmetDependency } from '../dependencies.js';
import type { ServiceDraft, Slot, TaskOrigin } from '../draft.js';
import { chooseNodes } from '../global.js';
import { restartAfter } from '../keep.js';
import { isDrained } from '../misfit.js';
import { reapSlot, removeSlot } from '../reap.js';
import { changeRun } from './job-status.js';

export type JobMode = Extract<ServiceMode, { kind: 'replicated-job' | 'global-job' }>;

/** Runs each slot of one run to a good end, so many at a time, and notes the end of the run. */
export function planRun(draft: ServiceDraft, run: JobRun, mode: JobMode): void {
  const slots = slotsOf(draft, run, mode);
  for (const slot of slots) for (const task of slot.wanted) if (isDrained(draft, task)) draft.want(slot, task, 'shutdown');
  const hold = unmetDependency(draft.view, draft.service) !== undefined || isOccupied(draft, run);
  const most = mode.kind === 'replicated-job' && mode.concurrency > 0 ? mode.concurrency : Number.POSITIVE_INFINITY;
  let active = slots.filter((slot) => slot.live.length > 0).length;
  for (const slot of slots) {
    if (!hold && active < most && startSlot(draft, slot, run)) active++;
    release(draft, slot);
    reapSlot(draft, slot);
  }
  judge(draft, run, slots);
  // Slots that were looked at and got no task leave nothing behind.
  for (const slot of slots) if (slot.tasks.length === 0) draft.slots.delete(slot.key);
}

function slotsOf(draft: ServiceDraft, run: JobRun, mode: JobMode): Slot[] {
  if (mode.kind === 'global-job') return [...chooseNodes(draft, run.number).open];
  for (const slot of [...draft.slots.values()])
    if (slot.run === run.number && (slot.number === undefined || slot.number > mode.completions)) removeSlot(draft, slot);
  return Array.from({ length: mode.completions }, (_, index) => draft.slot(index + 1, undefined, run.number));
}

/** Runs that were replaced stop before the new one starts: that is what people forbid runs side by side for. */
function isOccupied(draft: ServiceDraft, run: JobRun): boolean {
  if (draft.service.spec.schedule?.concurrency === 'allow') return false;
  return [...draft.slots.values()].some((slot) => slot.run !== run.number && slot.live.length > 0);
}

/** Starts the next attempt of a slot that is not done and has none under way; false when there is nothing to start. */
function startSlot(draft: ServiceDraft, slot: Slot, run: JobRun): boolean {
  if (slot.live.length > 0 || isDone(slot)) return false;
  const origin = slot.newest && endedByItself(slot.newest) ? nextAttempt(draft, slot, slot.newest) : {};
  if (!origin) return false;
  draft.create(slot, run, origin);
  return true;
}

function nextAttempt(draft: ServiceDraft, slot: Slot, last: Task): TaskOrigin | undefined {
  const policy: RestartPolicy = (sourceOf(draft.view, last)?.spec ?? draft.service.spec).template.restart;
  return restartAfter(slot, last, policy);
}

function isDone(slot: Slot): boolean {
  return slot.tasks.some((task) => task.status.state === 'complete');
}

/** A job's task is wanted `complete`: its agent runs it once and does not restart what ended well. */
function release(draft: ServiceDraft, slot: Slot): void {
  for (const task of slot.wanted) {
    if (task.desired === 'complete') continue;
    if (task.startAfter !== undefined && task.startAfter > draft.now) draft.wakeAt(task.startAfter);
    else if (slot.tasks.filter(isLive).length === 1) draft.want(slot, task, 'complete');
  }
}

/** The run is over when each slot is done, or has no attempt left. */
function judge(draft: ServiceDraft, run: JobRun, slots: readonly Slot[]): void {
  const lost = slots.filter((slot) => hasGivenUp(draft, slot));
  const open = slots.filter((slot) => !isDone(slot)).length - lost.length;
  // A global run without a node waits for one.
  const isOver = open === 0 && (slots.length > 0 || draft.service.spec.mode.kind === 'replicated-job');
  if (!isOver) {
    if (run.state !== 'running') reopen(draft, run);
  } else if (lost.length > 0) fail(draft, run, lost, slots.length);
  else if (run.state === 'running') changeRun(draft, run.number, { state: 'complete', finishedAt: lastEnd(draft, slots), exitCode: 0 });
}

/** There is more to do for a run that was complete: it was scaled up, or a node has come. */
function reopen(draft: ServiceDraft, { number }: JobRun): void {
  const { job } = draft.service;
  const runs = job!.runs.map((run) => {
    if (run.number !== number) return run;
    const { finishedAt: _finished, exitCode: _code, ...rest } = run;
    return { ...rest, state: 'running' as const };
  });
  draft.service = { ...draft.service, job: { ...job!, runs } };
}

function hasGivenUp(draft: ServiceDraft, slot: Slot): boolean {
  const { newest } = slot;
  if (!newest || slot.live.length > 0 || isDone(slot) || !endedByItself(newest)) return false;
  return nextAttempt(draft, slot, newest) === undefined;
}

function fail(draft: ServiceDraft, run: JobRun, lost: readonly Slot[], total: number): void {
  const last = lost
    .map((slot) => slot.newest!)
    .sort((a, b) => endedAt(a) - endedAt(b))
    .at(-1)!;
  const attempts = lost.find((slot) => slot.newest === last)!.tasks.filter(endedByItself).length;
  const { exitCode, error, message } = last.status;
  const name = last.slot === undefined ? last.serviceName : `${last.serviceName}.${last.slot}`;
  const tried = `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;
  changeRun(draft, run.number, {
    state: 'failed',
    finishedAt: endedAt(last),
    ...(exitCode !== undefined && { exitCode }),
    message:
      `${lost.length} of ${total} ${total === 1 ? 'task' : 'tasks'} failed for good: ${name} after ${tried}: ${error ?? message}`.slice(
        0,
        4096,
      ),
  });
}

function lastEnd({ now }: ServiceDraft, slots: readonly Slot[]): number {
  const ends = slots.flatMap((slot) => slot.tasks.filter((task) => task.status.state === 'complete').map(endedAt));
  return ends.length === 0 ? now : Math.max(...ends);
}
