import {
  compareStates,
  DESIRED_STATES,
  type DesiredState,
  isTerminal,
  endedAt as statusEndedAt,
  type Task,
  type TaskState,
} from '@tessera/api';

/** It has not ended and is not lost: it has a container, or may still get one. */
export function isLive(task: Task): boolean {
  return !isTerminal(task.status.state);
}

/** It runs and does not fail its health check: it counts as a ready replica. */
export function isRunning(task: Task): boolean {
  return task.status.state === 'running' && (task.status.health ?? 'healthy') === 'healthy';
}

/** A controller told it to go, whether it has gone yet or not. */
export function isToldToGo(task: Task): boolean {
  return task.desired === 'shutdown' || task.desired === 'remove';
}

/** It is live and nobody told it to go. */
export function isWanted(task: Task): boolean {
  return isLive(task) && !isToldToGo(task);
}

/** It is to make way for a successor elsewhere, which was not given up. */
export function isOnMove({ move }: Task): boolean {
  return move !== undefined && move.givenUp === undefined;
}

/** It waits for the scheduler. */
export function isPending(task: Task): boolean {
  return task.status.state === 'pending' && !isToldToGo(task);
}

/** The scheduler gave it to a node: its status is the agent's from here on. */
export function isAssigned(task: Task): boolean {
  return compareStates(task.status.state, 'assigned') >= 0;
}

/** It ended though nobody told it to: what restart policies are about. */
export function endedByItself(task: Task): boolean {
  return !isLive(task) && !isToldToGo(task) && task.status.state !== 'orphaned';
}

/**
 * Since when it has been in its state, by the clock of its node, and not later than a manager last heard of it: a clock that is ahead holds nothing up.
 */
export function stateSince({ status, updatedAt }: Task): number {
  return Math.min(status.at, updatedAt);
}

/** When it ended, by the best clock there is for it. */
export function endedAt(task: Task): number {
  return statusEndedAt(task.status);
}

/**
 * Whether a status may follow another one: forward only, and what has ended stays as it ended, but for its removal.
 * The same state again is no move.
 */
export function canMove(from: TaskState, to: TaskState): boolean {
  if (compareStates(from, to) >= 0) return false;
  return !isTerminal(from) || to === 'remove';
}

/** Whether a desired state may follow another one: forward only. */
export function canWant(from: DesiredState, to: DesiredState): boolean {
  return DESIRED_STATES.indexOf(from) < DESIRED_STATES.indexOf(to);
}

/** Oldest first; the same on every manager. */
export function byAge(a: Task, b: Task): number {
  return a.createdAt - b.createdAt || a.specRevision - b.specRevision || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** What holds at most one running task: the numbered slot of a replicated service, the node of a global one; each run of a job has its own. */
export function slotKey(task: { slot?: number | undefined; nodeId?: string | undefined; run?: number | undefined }): string {
  const place = task.slot === undefined ? (task.nodeId ?? '') : String(task.slot);
  return task.run === undefined ? place : `${task.run}:${place}`;
}
