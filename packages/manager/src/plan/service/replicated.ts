import { unmetDependency } from './dependencies.js';
import type { ServiceDraft, Slot } from './draft.js';
import { type KeepRules, keepSlot } from './keep.js';
import { reapSlot, removeSlot } from './reap.js';
import { advanceUpdate, completeUpdate } from './update/advance.js';
import { isHeld } from './update/status.js';

/** As many slots as replicas, one task that runs in each. */
export function planReplicated(draft: ServiceDraft, replicas: number): void {
  const { view, service } = draft;
  const slots = chooseSlots(draft, replicas);
  const rules: KeepRules = { frozen: isHeld(view, service), hold: unmetDependency(view, service), refill: true };
  for (const slot of slots) keepSlot(draft, slot, rules);
  advanceUpdate(draft, slots, rules);
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
  const idle = slots.filter((slot) => !slot.isAvailable).sort((a, b) => a.number! - b.number!);
  const byNode = groupByNode(slots.filter((slot) => slot.isAvailable));
  for (let left = surplus; left > 0; left--) {
    const victim = idle.pop() ?? takeFromFullest(byNode);
    kept.delete(victim);
    removeSlot(draft, victim);
  }
  return [...kept];
}

/** Slots of each node, the highest number last. */
function groupByNode(slots: readonly Slot[]): Slot[][] {
  const groups = new Map<string, Slot[]>();
  for (const slot of [...slots].sort((a, b) => a.number! - b.number!)) {
    const node = slot.wanted[0]?.nodeId ?? '';
    const group = groups.get(node);
    if (group) group.push(slot);
    else groups.set(node, [slot]);
  }
  return [...groups.values()];
}

function takeFromFullest(groups: readonly Slot[][]): Slot {
  const isWorse = (a: readonly Slot[], b: readonly Slot[]): boolean =>
    a.length - b.length > 0 || (a.length === b.length && (a.at(-1)?.number ?? 0) > (b.at(-1)?.number ?? 0));
  return groups.reduce((fullest, group) => (isWorse(group, fullest) ? group : fullest)).pop()!;
}
