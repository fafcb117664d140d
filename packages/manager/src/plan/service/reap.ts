import { TASK_HISTORY_PER_SLOT, type Task } from '@tessera/api';
import { endedByItself, isLive } from '../../model/task.js';
import type { ClusterView } from '../../model/view.js';
import type { ServiceDraft, Slot } from './draft.js';

/** Revisions kept for rollbacks though no task is made from them any more. */
const REVISIONS_KEPT = 10;

/** Forgets ended tasks beyond the history: nothing grows without bound. What counts restart attempts stays. */
export function reapSlot(draft: ServiceDraft, slot: Slot): void {
  const ended = slot.tasks.filter((task) => !isLive(task));
  const counting = countingAttempts(ended, draft.service.spec.template.restart.maxAttempts);
  for (const task of ended.slice(0, Math.max(0, ended.length - TASK_HISTORY_PER_SLOT))) if (!counting.has(task)) draft.drop(slot, task);
}

/** Those that tell how many attempts a slot has used up: others, such as those of nodes that died, may have come since. */
function countingAttempts(ended: readonly Task[], maxAttempts: number): ReadonlySet<Task> {
  return new Set(maxAttempts === 0 ? [] : ended.filter(endedByItself).slice(-(maxAttempts + 1)));
}

/** Forgets tasks that were to be removed and have ended. Comes first: they are nobody's predecessors. */
export function forgetRemoved(draft: ServiceDraft): void {
  for (const slot of [...draft.slots.values()]) {
    for (const task of slot.tasks) if (task.desired === 'remove' && !isLive(task)) draft.drop(slot, task);
  }
}

/** Empties a slot for good: stops what runs and forgets what has ended. */
export function removeSlot(draft: ServiceDraft, slot: Slot): void {
  for (const task of slot.tasks) draft.want(slot, task, 'remove');
  for (const task of slot.tasks) if (!isLive(task)) draft.drop(slot, task);
}

/** Forgets old revisions that no task needs. */
export function reapRevisions(draft: ServiceDraft): void {
  const needed = new Set<number>([draft.service.specRevision]);
  for (const slot of draft.slots.values()) for (const task of slot.tasks) needed.add(task.specRevision);
  for (const run of draft.service.job?.runs ?? []) if (run.state === 'running') needed.add(run.specRevision);
  for (const revision of draft.view.revisionsOfService(draft.service.id)) {
    const old = revision.specRevision <= draft.service.specRevision - REVISIONS_KEPT;
    if (old && !needed.has(revision.specRevision) && !isReleased(draft.view, revision.id))
      draft.add({ type: 'delete', kind: 'revisions', id: revision.id, expect: { revision: revision.revision } });
  }
}

/** Whether a release may bring it back. */
export function isReleased(view: ClusterView, revisionId: string): boolean {
  for (const _release of view.releasesOfRevision(revisionId)) return true;
  return false;
}
