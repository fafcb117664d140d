import { isToldToGo } from '../../model/task.js';
import { unmetDependency } from './dependencies.js';
import type { ServiceDraft, Slot } from './draft.js';
import { type KeepRules, keepSlot } from './keep.js';
import { reapSlot, removeSlot } from './reap.js';
import { advanceUpdate, completeUpdate, isPaused } from './update.js';

/** As many slots as replicas, one task that runs in each. */
export function planReplicated(draft: ServiceDraft, replicas: number): void {
  const { view, service } = draft;
  const slots = chooseSlots(draft, replicas);
  const rules: KeepRules = { frozen: isPaused(view, service), hold: unmetDependency(view, service), refill: true };
  for (const slot of slots) keepSlot(draft, slot, rules);
  advanceUpdate(draft, slots, rules);
  completeUpdate(draft, slots);
  for (const slot of slots) reapSlot(draft, slot);
}

/** The slots to keep: makes the missing ones under the lowest free numbers, removes the surplus. */
function chooseSlots(draft: ServiceDraft, replicas: number): Slot[] {
  const existing: Slot[] = [];
  for (const slot of [...draft.slots.values()]) {
    if (slot.number !== undefined && slot.tasks.some((task) => task.desired !== 'remove')) existing.push(slot);
    else removeSlot(draft, slot);
  }
  const kept = existing.length > replicas ? leaveOut(draft, existing, existing.length - replicas) : existing;
  const used = new Set(kept.map((slot) => slot.number));
  for (let number = 1; kept.length < replicas; number++) if (!used.has(number)) kept.push(draft.slot(number));
  return kept.sort((a, b) => a.number! - b.number!);
}

/**
 * Removes `surplus` slots: first those that do not run, then each time one on the node with most tasks of the service
 * (the spread stays even), the highest number of equals.
 */
function leaveOut(draft: ServiceDraft, slots: readonly Slot[], surplus: number): Slot[] {
  const kept = new Set(slots);
  const byNode = new Map<string, Slot[]>();
  for (const slot of slots) {
    const node = slot.tasks.find((task) => !isToldToGo(task) && task.nodeId)?.nodeId ?? '';
    byNode.set(node, [...(byNode.get(node) ?? []), slot]);
  }
  const isWorse = (a: Slot, b: Slot): boolean =>
    Number(a.isAvailable) - Number(b.isAvailable) < 0 || (a.isAvailable === b.isAvailable && a.number! > b.number!);
  for (let left = surplus; left > 0; left--) {
    const victim = worstOf(byNode, isWorse);
    kept.delete(victim);
    removeSlot(draft, victim);
  }
  return [...kept];
}

/** The worst slot of all when it does not run, else the worst on the fullest node; takes it out of `byNode`. */
function worstOf(byNode: Map<string, Slot[]>, isWorse: (a: Slot, b: Slot) => boolean): Slot {
  let [fullest, worst]: [Slot[], Slot | undefined] = [[], undefined];
  for (const slots of byNode.values()) {
    const candidate = slots.reduce((a, b) => (isWorse(b, a) ? b : a), slots[0]!);
    const isIdle = !candidate.isAvailable;
    const beats =
      !worst ||
      (isIdle === !worst.isAvailable
        ? slots.length > fullest.length || (slots.length === fullest.length && isWorse(candidate, worst))
        : isIdle);
    if (slots.length > 0 && beats) [fullest, worst] = [slots, candidate];
  }
  fullest.splice(fullest.indexOf(worst!), 1);
  for (const [node, slots] of byNode) if (slots.length === 0) byNode.delete(node);
  return worst!;
}
