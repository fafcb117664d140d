import { isLive, isRunning, isWanted } from '../../model/task.js';
import type { ServiceDraft, Slot } from './draft.js';
import { type KeepRules, replaceSlot } from './keep.js';
import { isDirty, isOutrun } from './misfit.js';

/**
 * Starts tasks anew that run since before the last update of a service on which theirs depends with `restart: true`: as many at a time, and in the order,
 * as the service's own updates. Tasks of an old template are the update's.
 */
export function followDependencies(draft: ServiceDraft, slots: readonly Slot[], rules: KeepRules): void {
  const { parallelism } = draft.service.spec.update;
  const most = parallelism === 0 ? Number.POSITIVE_INFINITY : parallelism;
  let left = most - slots.filter((slot) => isFollowing(draft, slot)).length;
  for (const slot of slots) {
    if (left <= 0) return;
    const [task, ...others] = slot.wanted;
    if (!task || others.length > 0 || !isOutrun(draft, task) || (isDirty(draft, task) && !rules.frozen)) continue;
    if (replaceSlot(draft, slot, rules)) left--;
  }
}

/** Its new task is not there yet, or the old one not yet gone. */
function isFollowing(draft: ServiceDraft, slot: Slot): boolean {
  const { newest } = slot;
  const former = slot.tasks.at(-2);
  if (!newest || !former || !isWanted(newest) || !isOutrun(draft, former) || isOutrun(draft, newest)) return false;
  return isLive(former) || !isRunning(newest);
}
