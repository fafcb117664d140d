import { unmetDependency } from './dependencies.js';
import type { ServiceDraft, Slot } from './draft.js';
import { followDependencies } from './follow.js';
import { type KeepRules, keepSlot } from './keep.js';
import { giveUpMoves, moveDrained } from './move.js';
import { reapSlot, removeSlot } from './reap.js';
import { chooseSurplus } from './scale-down.js';
import { advanceUpdate, completeUpdate } from './update/advance.js';
import { isHeld } from './update/status.js';

/** As many slots as replicas, one task that runs in each. */
export function planReplicated(draft: ServiceDraft, replicas: number): void {
  const { view, service } = draft;
  const slots = chooseSlots(draft, replicas);
  const rules: KeepRules = { frozen: isHeld(view, service), hold: unmetDependency(view, service), refill: true };
  giveUpMoves(draft, slots);
  for (const slot of slots) keepSlot(draft, slot, rules);
  moveDrained(draft, slots, rules);
  advanceUpdate(draft, slots, rules);
  followDependencies(draft, slots, rules);
  completeUpdate(draft, slots);
  for (const slot of slots) reapSlot(draft, slot);
}

/** The slots to keep: makes the missing ones under the lowest free numbers, removes the surplus. */
function chooseSlots(draft: ServiceDraft, replicas: number): Slot[] {
  const existing: Slot[] = [];
  for (const slot of [...draft.slots.values()]) {
    if (slot.number !== undefined && slot.run === undefined && slot.tasks.some((task) => task.desired !== 'remove')) existing.push(slot);
    else removeSlot(draft, slot);
  }
  const surplus = new Set(existing.length > replicas ? chooseSurplus(draft, existing, existing.length - replicas) : []);
  for (const slot of surplus) removeSlot(draft, slot);
  const kept = existing.filter((slot) => !surplus.has(slot));
  const used = new Set(kept.map((slot) => slot.number));
  for (let number = 1; kept.length < replicas; number++) if (!used.has(number)) kept.push(draft.slot(number));
  return kept.sort((a, b) => a.number! - b.number!);
}
