import type { Task } from '@tessera/api';
import { endedByItself, isLive } from '../../model/task.js';
import { unmetDependency } from './dependencies.js';
import type { ServiceDraft, Slot } from './draft.js';
import { chooseNodes } from './global.js';
import { restartAfter } from './keep.js';
import { isDirty, isDrained } from './misfit.js';
import { reapSlot, removeSlot } from './reap.js';

/** Runs `completions` tasks to their end, `concurrency` at a time. A new template runs the job again. */
export function planReplicatedJob(draft: ServiceDraft, completions: number, concurrency: number): void {
  for (const slot of [...draft.slots.values()]) if (slot.number === undefined || slot.number > completions) removeSlot(draft, slot);
  const slots: Slot[] = [];
  for (let number = 1; number <= completions; number++) slots.push(draft.slot(number));
  runJob(draft, slots, concurrency === 0 ? completions : concurrency);
}

/** Runs one task to its end on each node that fits. */
export function planGlobalJob(draft: ServiceDraft): void {
  const { open } = chooseNodes(draft);
  runJob(draft, [...open], Number.POSITIVE_INFINITY);
}

function runJob(draft: ServiceDraft, slots: readonly Slot[], concurrency: number): void {
  const hold = unmetDependency(draft.view, draft.service);
  for (const slot of slots) settle(draft, slot);
  let active = slots.filter((slot) => slot.live.length > 0).length;
  for (const slot of slots) {
    if (hold === undefined && active < concurrency && startRun(draft, slot)) active++;
    release(draft, slot);
    reapSlot(draft, slot);
  }
  // Slots that were looked at and got no task leave nothing behind.
  for (const slot of slots) if (slot.tasks.length === 0) draft.slots.delete(slot.key);
}

/** Stops runs of an older template, and runs on nodes that are being emptied. */
function settle(draft: ServiceDraft, slot: Slot): void {
  for (const task of slot.wanted) if (isDirty(draft, task) || isDrained(draft, task)) draft.want(slot, task, 'shutdown');
}

/** Starts a run of a slot that is not done and has none under way; false when there is nothing to start. */
function startRun(draft: ServiceDraft, slot: Slot): boolean {
  if (slot.live.length > 0) return false;
  const runs = slot.tasks.filter((task) => !isDirty(draft, task));
  if (runs.some(isDone)) return false;
  const last = runs.at(-1);
  const { restart } = draft.service.spec.template;
  const ended = last !== undefined && endedByItself(last);
  const origin = ended ? restartAfter(slot, last, restart) : {};
  if (!origin) return false;
  draft.create(slot, draft.service, origin);
  return true;
}

function isDone(task: Task): boolean {
  return task.status.state === 'complete';
}

/** A job's task is wanted `complete`: its agent runs it once and does not restart what ended well. */
function release(draft: ServiceDraft, slot: Slot): void {
  for (const task of slot.wanted) {
    if (task.desired === 'complete') continue;
    if (task.startAfter !== undefined && task.startAfter > draft.now) draft.wakeAt(task.startAfter);
    else if (slot.tasks.filter(isLive).length === 1) draft.want(slot, task, 'complete');
  }
}
