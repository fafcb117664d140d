import { type Service, serviceRevisionId, type Task, type UpdateConfig, type UpdateStatus } from '@tessera/api';
import { endedAt, endedByItself, isLive, isRunning, isWanted } from '../../model/task.js';
import type { ClusterView } from '../../model/view.js';
import type { ServiceDraft, Slot } from './draft.js';
import { type KeepRules, replaceSlot } from './keep.js';
import { isDirty, isMisplaced, isSlotDirty } from './misfit.js';
import { rollBack } from './rollback.js';

/** The update settings that hold: those for a rollback while one runs. */
export function activeConfig(service: Service): UpdateConfig {
  return isRollback(service.update) ? service.spec.rollback : service.spec.update;
}

/** Whether the update of the current spec stands still until the user acts. */
export function isPaused(view: ClusterView, service: Service): boolean {
  return concernsCurrent(view, service) && (service.update?.state === 'paused' || service.update?.state === 'rollback-paused');
}

/**
 * Brings the update status to what the slots say: begins an update, stops it when too many new tasks failed.
 * Comes before everything else, so that a pause or rollback holds for the very plan that found it out.
 * Jobs are not updated step by step: a new template runs them again.
 */
export function judgeUpdate(draft: ServiceDraft, slots: readonly Slot[]): void {
  if (draft.service.spec.mode.kind.endsWith('job')) return;
  const dirty = slots.some((slot) => isSlotDirty(draft, slot));
  if (!concernsCurrent(draft.view, draft.service)) {
    if (dirty)
      setUpdate(draft, {
        state: 'updating',
        startedAt: draft.now,
        message: 'update in progress',
        specRevision: draft.service.specRevision,
      });
    else if (isUnfinished(draft.service.update)) finish(draft, 'completed', 'overtaken by a newer spec that needs no update');
    return;
  }
  if (!isUnderWay(draft.service.update)) return;
  const config = activeConfig(draft.service);
  const failed = slots.filter((slot) => failuresOf(draft, slot).length > 0);
  if (config.failureAction === 'continue' || failed.length === 0 || failed.length / slots.length <= config.maxFailureRatio) return;
  const message = describeFailures(draft, failed, slots.length);
  if (isRollback(draft.service.update))
    setUpdate(draft, { ...draft.service.update!, state: 'rollback-paused', message: `rollback paused: ${message}` });
  else if (config.failureAction !== 'rollback' || !rollBack(draft, slots, message))
    setUpdate(draft, { ...draft.service.update!, state: 'paused', message: `update paused: ${message}` });
}

/** Replaces as many old tasks as the settings allow now. */
export function advanceUpdate(draft: ServiceDraft, slots: readonly Slot[], rules: KeepRules): void {
  const config = activeConfig(draft.service);
  const most = config.parallelism === 0 ? Number.POSITIVE_INFINITY : config.parallelism;
  const failed = new Set(slots.filter((slot) => failuresOf(draft, slot).length > 0));
  const busy = new Set(slots.filter((slot) => !failed.has(slot) && isBusy(draft, slot, config)));
  const away = new Set(slots.filter((slot) => !failed.has(slot) && !slot.isAvailable && !isFresh(draft, slot)));
  for (const slot of candidates(draft, slots, rules)) {
    if (busy.size >= most && !busy.has(slot)) continue;
    const takesDown = slot.isAvailable && config.order === 'stop-first';
    if (takesDown && away.size >= most) continue;
    if (!replaceSlot(draft, slot, rules)) continue;
    busy.add(slot);
    if (takesDown) away.add(slot);
  }
}

/** Notes that the update is over: all slots are new, run, and were watched long enough. */
export function completeUpdate(draft: ServiceDraft, slots: readonly Slot[]): void {
  const { update } = draft.service;
  if (!update || !concernsCurrent(draft.view, draft.service) || !isUnderWay(update)) return;
  if (!slots.every((slot) => isSettled(draft, slot))) return;
  const newTasks = slots.flatMap((slot) => slot.wanted).filter((task) => isOfUpdate(draft, task));
  const watchedUntil = Math.max(0, ...newTasks.map((task) => task.status.at + activeConfig(draft.service).monitorMs));
  if (watchedUntil > draft.now) draft.wakeAt(watchedUntil);
  else if (isRollback(update)) finish(draft, 'rollback-completed', update.message.replace(/^rolling back/, 'rolled back'));
  else finish(draft, 'completed', 'update completed');
}

/** New tasks of this slot that the update counts as failed: gone before they ran, or too soon after. */
export function failuresOf(draft: ServiceDraft, slot: Slot): Task[] {
  const { monitorMs } = activeConfig(draft.service);
  return slot.tasks.filter((task) => isOfUpdate(draft, task) && endedByItself(task) && endedTooSoon(task, draft.service, monitorMs));
}

/** Made by the current update: of its revision or a later one with the same template. */
function isOfUpdate(draft: ServiceDraft, task: Task): boolean {
  const since = concernsCurrent(draft.view, draft.service) ? draft.service.update?.specRevision : undefined;
  return since !== undefined && task.specRevision >= since && !isDirty(draft, task);
}

function endedTooSoon(task: Task, service: Service, monitorMs: number): boolean {
  if (task.status.state === 'complete') return service.spec.template.restart.condition === 'any' && ranFor(task) <= monitorMs;
  if (task.status.health !== undefined && task.status.health !== 'healthy') return true;
  return ranFor(task) <= monitorMs;
}

function ranFor(task: Task): number {
  return task.status.startedAt === undefined ? 0 : endedAt(task) - task.status.startedAt;
}

/** Slots to replace next: those that do not run come first, since that costs nothing. */
function candidates(draft: ServiceDraft, slots: readonly Slot[], rules: KeepRules): Slot[] {
  const due = slots.filter((slot) => (!rules.frozen && isSlotDirty(draft, slot) && !isPair(draft, slot)) || isSlotMisplaced(draft, slot));
  return due.sort((a, b) => Number(a.isAvailable) - Number(b.isAvailable) || (a.number ?? 0) - (b.number ?? 0));
}

/** A replacement is under way beside the old task. */
function isPair(draft: ServiceDraft, slot: Slot): boolean {
  return slot.wanted.some((task) => !isDirty(draft, task));
}

function isSlotMisplaced(draft: ServiceDraft, slot: Slot): boolean {
  return slot.number !== undefined && slot.wanted.length === 1 && isMisplaced(draft, slot.wanted[0]!);
}

/** The update has touched it and is not done with it: its new task is not there yet, or is so for less than the delay. */
function isBusy(draft: ServiceDraft, slot: Slot, config: UpdateConfig): boolean {
  if (isFresh(draft, slot)) return false;
  const fresh = slot.wanted.find((task) => !isDirty(draft, task));
  // Two tasks and neither is new: an update that another one overtook in the middle is still being cleared away.
  if (!fresh) return slot.live.length > 1;
  if (slot.live.length > 1 || !isRunning(fresh)) return true;
  if (!isOfUpdate(draft, fresh) || config.delayMs === 0) return false;
  const freeAt = fresh.status.at + config.delayMs;
  draft.wakeAt(freeAt);
  return freeAt > draft.now;
}

/** It never had a task of another template: it comes from scaling up, not from the update. */
function isFresh(draft: ServiceDraft, slot: Slot): boolean {
  return slot.tasks.every((task) => !isDirty(draft, task)) && slot.live.length <= 1;
}

/** Nothing of the update is left to do here. */
function isSettled(draft: ServiceDraft, slot: Slot): boolean {
  if (isSlotDirty(draft, slot)) return false;
  if (slot.isAvailable) return slot.live.length === 1;
  const { newest } = slot;
  return newest !== undefined && !isLive(newest) && !slot.tasks.some(isWanted) && isOfUpdate(draft, newest);
}

function describeFailures(draft: ServiceDraft, failed: readonly Slot[], total: number): string {
  const last = failed
    .flatMap((slot) => failuresOf(draft, slot))
    .sort((a, b) => endedAt(a) - endedAt(b))
    .at(-1)!;
  const where = last.slot === undefined ? '' : ` (slot ${last.slot})`;
  return `${failed.length} of ${total} ${total === 1 ? 'slot' : 'slots'} failed${where}: ${last.status.error ?? last.status.message}`;
}

/** The status belongs to the current template: a change of scale or labels does not wake a paused update. */
function concernsCurrent(view: ClusterView, service: Service): boolean {
  const revision = service.update?.specRevision;
  if (revision === undefined) return false;
  if (revision === service.specRevision) return true;
  return view.get('revisions', serviceRevisionId(service.id, revision))?.templateHash === service.templateHash;
}

function isRollback(update: UpdateStatus | undefined): boolean {
  return update?.state.startsWith('rollback') ?? false;
}

function isUnderWay(update: UpdateStatus | undefined): boolean {
  return update?.state === 'updating' || update?.state === 'rollback-started';
}

function isUnfinished(update: UpdateStatus | undefined): boolean {
  return update !== undefined && update.completedAt === undefined;
}

function finish(draft: ServiceDraft, state: 'completed' | 'rollback-completed', message: string): void {
  setUpdate(draft, { ...draft.service.update!, state, completedAt: draft.now, message });
}

function setUpdate(draft: ServiceDraft, update: UpdateStatus): void {
  draft.service = { ...draft.service, update };
}
