import type { UpdateConfig } from '@tessera/api';
import { isLive, isRunning, isToldToGo, isWanted, stateSince } from '../../../model/task.js';
import type { ServiceDraft, Slot } from '../draft.js';
import { type KeepRules, replaceSlot } from '../keep.js';
import { isDirty, isMisplaced, isSlotDirty } from '../misfit.js';
import { isPair, slotsAllowed, touched } from './canary.js';
import { describeFailures, failuresOf, isOfUpdate } from './failures.js';
import { activeConfig, concernsCurrent, finish, isCanary, isRollback, isUnderWay, setUpdate } from './status.js';

/** Replaces as many old tasks as the settings and the canary's share allow now, and moves what is misplaced. */
export function advanceUpdate(draft: ServiceDraft, slots: readonly Slot[], rules: KeepRules): void {
  const budget = new Budget(draft, slots);
  for (const slot of candidates(draft, slots)) {
    const updates = budget.allowed > 0 && isOld(draft, slot);
    if (!updates && !isSlotMisplaced(draft, slot)) continue;
    const takesDown = slot.isAvailable && budget.config.order === 'stop-first';
    if (!budget.covers(slot, takesDown)) continue;
    if (replaceSlot(draft, slot, updates ? { ...rules, frozen: false } : rules)) budget.spend(slot, takesDown, updates);
  }
}

/** What may be replaced at the moment. */
class Budget {
  readonly config: UpdateConfig;
  /** Slots that may still be brought to the new template. */
  allowed: number;
  readonly #most: number;
  readonly #awaited: ReadonlySet<Slot>;
  readonly #busy: Set<Slot>;
  readonly #away: Set<Slot>;

  constructor(draft: ServiceDraft, slots: readonly Slot[]) {
    this.config = activeConfig(draft.service);
    this.allowed = slotsAllowed(draft, slots);
    this.#most = this.config.parallelism === 0 ? Number.POSITIVE_INFINITY : this.config.parallelism;
    const awaited = notGivenUp(draft, slots);
    this.#awaited = new Set(awaited);
    this.#busy = new Set(awaited.filter((slot) => isBusy(draft, slot, this.config)));
    this.#away = new Set(awaited.filter((slot) => !slot.isAvailable && !isFresh(draft, slot)));
  }

  covers(slot: Slot, takesDown: boolean): boolean {
    if (this.#busy.size >= this.#most && !this.#busy.has(slot)) return false;
    return !takesDown || this.#away.size < this.#most;
  }

  spend(slot: Slot, takesDown: boolean, updates: boolean): void {
    if (updates) this.allowed--;
    // A slot that was given up holds nobody up, neither now nor when this is planned again.
    if (!this.#awaited.has(slot)) return;
    this.#busy.add(slot);
    if (takesDown) this.#away.add(slot);
  }
}

/** Notes that the update is over, or that the canary stands: the slots concerned are new, run, and were watched long enough. */
export function completeUpdate(draft: ServiceDraft, slots: readonly Slot[]): void {
  const { update } = draft.service;
  if (!update || !concernsCurrent(draft.view, draft.service) || !isUnderWay(update)) return;
  const canary = isCanary(draft.service) && slots.some((slot) => isSlotDirty(draft, slot));
  if (canary && (update.state === 'canary' || slotsAllowed(draft, slots) > 0)) return;
  const concerned = canary ? touched(draft, slots) : slots;
  const { stuck } = failuresOf(draft, concerned);
  if (!concerned.every((slot) => stuck.has(slot) || isSettled(draft, slot))) return;
  if (isWatched(draft, concerned)) return;
  if (canary) setUpdate(draft, { ...update, state: 'canary', message: describeCanary(draft, concerned, slots) });
  else if (isRollback(update)) finish(draft, 'rollback-completed', update.message.replace(/^rolling back/, 'rolled back'));
  else
    finish(
      draft,
      'completed',
      stuck.size === 0
        ? 'update completed'
        : `update completed, but ${describeFailures(draft, { failed: new Set(), stuck }, slots.length)}`,
    );
}

function describeCanary({ service }: ServiceDraft, concerned: readonly Slot[], slots: readonly Slot[]): string {
  return `canary: ${concerned.length} of ${slots.length} slots are new and wait for 'tsctl update promote ${service.spec.name}'`;
}

/** New tasks run for less than the monitor time: looks again when it is over. */
function isWatched(draft: ServiceDraft, slots: readonly Slot[]): boolean {
  const newTasks = slots.flatMap((slot) => slot.wanted).filter((task) => isRunning(task) && isOfUpdate(draft, task));
  const until = Math.max(0, ...newTasks.map((task) => stateSince(task) + activeConfig(draft.service).monitorMs));
  draft.wakeAt(until);
  return until > draft.now;
}

/** Without slots that nobody waits for any more: their new task failed, or did not come up in time. */
function notGivenUp(draft: ServiceDraft, slots: readonly Slot[]): Slot[] {
  const { failed, stuck } = failuresOf(draft, slots);
  return slots.filter((slot) => !failed.has(slot) && !stuck.has(slot));
}

/** Slots to replace next: those that do not run come first, since that costs nothing. */
function candidates(draft: ServiceDraft, slots: readonly Slot[]): Slot[] {
  const due = slots.filter((slot) => isOld(draft, slot) || isSlotMisplaced(draft, slot));
  return due.sort((a, b) => Number(a.isAvailable) - Number(b.isAvailable) || (a.number ?? 0) - (b.number ?? 0));
}

/** The update still has to begin here. */
function isOld(draft: ServiceDraft, slot: Slot): boolean {
  return isSlotDirty(draft, slot) && !isPair(draft, slot);
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
  const freeAt = stateSince(fresh) + config.delayMs;
  draft.wakeAt(freeAt);
  return freeAt > draft.now;
}

/** It never had a task of another template, and none that had to leave a wrong place: it comes from scaling up, not from what is done here. */
function isFresh(draft: ServiceDraft, slot: Slot): boolean {
  return slot.tasks.every((task) => !isDirty(draft, task)) && slot.live.length <= 1 && !isMoved(draft, slot);
}

/** Its task was told to leave a node that does not fulfil the constraints, and the next one does not run yet. */
function isMoved(draft: ServiceDraft, slot: Slot): boolean {
  const { newest } = slot;
  const former = slot.tasks.at(-2);
  return (
    newest !== undefined &&
    isWanted(newest) &&
    !isRunning(newest) &&
    former !== undefined &&
    isToldToGo(former) &&
    isMisplaced(draft, former)
  );
}

/** Nothing of the update is left to do here. */
function isSettled(draft: ServiceDraft, slot: Slot): boolean {
  if (isSlotDirty(draft, slot)) return false;
  if (slot.isAvailable) return slot.live.length === 1;
  const { newest } = slot;
  return newest !== undefined && !isLive(newest) && !slot.tasks.some(isWanted) && isOfUpdate(draft, newest);
}
