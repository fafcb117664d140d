import type { ServiceSpec, Task } from '@tessera/api';
import { formatDuration } from '@tessera/api/spec/duration';
import { endedByItself, isLive, isOnMove, isRunning, isWanted } from '../../model/task.js';
import type { ServiceDraft, Slot } from './draft.js';
import { type KeepRules, lastAttempt, replaceSlot } from './keep.js';
import { isDrained } from './misfit.js';
import { movesStartFirst } from './starts-first.js';
import { deadlineOf, waitReason } from './update/failures.js';

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
    if (isDoneElsewhere(draft, slot)) {
      draft.want(slot, slot.wanted[0]!, 'shutdown');
      continue;
    }
    const takesNothing = !slot.isAvailable;
    if (!takesNothing && left <= 0) continue;
    if (replaceSlot(draft, slot, rules) && !takesNothing) left--;
  }
}

/** A successor has done the work to its end, and the restart policy says that this is enough. */
function isDoneElsewhere(draft: ServiceDraft, slot: Slot): boolean {
  const { condition } = draft.service.spec.template.restart;
  return condition !== 'any' && lastAttempt(draft, slot, slot.wanted[0])?.status.state === 'complete';
}

/**
 * Gives up moves for a better spread whose successor failed or has not come up within the progress deadline: the task stays, and what is left of
 * the successor goes as a surplus. What must leave its node goes on trying.
 */
export function giveUpMoves(draft: ServiceDraft, slots: readonly Slot[]): void {
  for (const slot of slots) {
    const task = slot.wanted.find(isOnMove);
    const why = task && obstacleTo(draft, slot, task);
    if (why !== undefined) draft.giveUpMove(slot, task!, why);
  }
}

function obstacleTo(draft: ServiceDraft, slot: Slot, task: Task): string | undefined {
  const attempts = slot.tasks.slice(slot.tasks.indexOf(task) + 1).filter(({ createdAt }) => createdAt >= task.move!.at);
  const failed = attempts.find(endedByItself);
  if (failed) return `its successor ended: ${failed.status.error ?? failed.status.message}`;
  const newest = attempts.at(-1);
  const limitMs = deadlineOf(draft.service.spec);
  if (!newest || isRunning(newest) || limitMs === 0) return undefined;
  const until = newest.createdAt + limitMs;
  draft.wakeAt(until);
  return until <= draft.now ? `its successor did not come up within ${formatDuration(limitMs)}: ${waitReason(attempts)}` : undefined;
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
