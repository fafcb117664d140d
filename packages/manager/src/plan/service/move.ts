import type { ServiceSpec } from '@tessera/api';
import { isLive, isRunning, isWanted } from '../../model/task.js';
import type { ServiceDraft, Slot } from './draft.js';
import { type KeepRules, replaceSlot } from './keep.js';
import { isDrained } from './misfit.js';
import { movesStartFirst } from './starts-first.js';

/** So many tasks of a service move at a time when their successors start first: nothing is taken away, but each takes room twice. */
const MOST_MOVES = 8;

/**
 * Moves the tasks of a service off nodes that are being emptied, within a budget: a task that does not run makes way at once, one that runs when its
 * successor does, unless two of them must not run; then as many at a time as an update may take down.
 */
export function moveDrained(draft: ServiceDraft, slots: readonly Slot[], rules: KeepRules): void {
  const due = slots.filter((slot) => slot.wanted.length === 1 && isDrained(draft, slot.wanted[0]!));
  let left = budgetOf(draft.service.spec) - slots.filter((slot) => isMoving(draft, slot)).length;
  for (const slot of due) {
    const takesNothing = !slot.isAvailable;
    if (!takesNothing && left <= 0) continue;
    if (replaceSlot(draft, slot, rules) && !takesNothing) left--;
  }
}

function budgetOf(spec: ServiceSpec): number {
  if (movesStartFirst(spec)) return MOST_MOVES;
  return spec.update.parallelism === 0 ? Number.POSITIVE_INFINITY : spec.update.parallelism;
}

/** Its task has left, or is about to leave, a node that is being emptied, and its successor is not there yet. */
function isMoving(draft: ServiceDraft, slot: Slot): boolean {
  const { newest } = slot;
  const former = slot.tasks.at(-2);
  if (!newest || !former || !isWanted(newest) || isDrained(draft, newest) || !isDrained(draft, former)) return false;
  return isLive(former) || !isRunning(newest);
}
