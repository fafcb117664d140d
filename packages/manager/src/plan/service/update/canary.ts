import type { Service } from '@tessera/api';
import type { ServiceDraft, Slot } from '../draft.js';
import { isDirty, isSlotDirty } from '../misfit.js';
import { isCanary, isPaused } from './status.js';

/** How many slots more the update may touch now, beside what its parallelism lets through. */
export function slotsAllowed(draft: ServiceDraft, slots: readonly Slot[]): number {
  if (isPaused(draft.view, draft.service)) return 0;
  if (!isCanary(draft.service)) return Number.POSITIVE_INFINITY;
  return shareOf(draft.service, slots.length) - touched(draft, slots).length;
}

/** Slots that have a new task, whatever became of it. */
export function touched(draft: ServiceDraft, slots: readonly Slot[]): Slot[] {
  return slots.filter((slot) => !isSlotDirty(draft, slot) || isPair(draft, slot));
}

/** A replacement is under way beside the old task. */
export function isPair(draft: ServiceDraft, slot: Slot): boolean {
  return slot.wanted.some((task) => !isDirty(draft, task));
}

/** Percentages are rounded up: a canary is one task at least. */
function shareOf({ spec: { canary } }: Service, total: number): number {
  if (canary === undefined) return total;
  return Math.min(total, 'count' in canary ? canary.count : Math.ceil((canary.percent * total) / 100));
}
