import type { TaskStatus } from '../object/objects.js';

/** So many restarts in a row wait for no more than the policy's delay: an accident is over soon. */
const PROMPT_RESTARTS = 3;
/** What grows when the policy's delay is shorter, in milliseconds: a delay of 0 must not become a busy loop. */
const LEAST_STEP_MS = 500;
/** The delay of a crash loop grows up to this, in milliseconds (kubelet's bound is the same). */
export const MOST_BACKOFF_MS = 300_000;
/** What ends well again and again is no crash loop: beyond its policy it waits no longer than this, in milliseconds. */
const MOST_BACKOFF_AFTER_SUCCESS_MS = 5_000;
/** A task that ran for so long ran well, in milliseconds: its end begins a new row. */
export const RAN_WELL_MS = 60_000;

/** When a task ended, by the best clock there is for it: its container's end, else its status'. Milliseconds since the epoch. */
export function endedAt({ finishedAt, at }: TaskStatus): number {
  return finishedAt ?? at;
}

/** Whether an ended task ran (and was healthy, if it has a health check) for long enough not to be part of a crash loop. */
export function ranWell(status: TaskStatus): boolean {
  return status.runningAt !== undefined && endedAt(status) - status.runningAt >= RAN_WELL_MS;
}

/**
 * How long a slot waits from the end of one task to the start of the next, in milliseconds. The first restarts in a row wait for the
 * policy's delay, as with Swarm; from then on the delay doubles with each. Never shorter than the policy's, never shorter for a later attempt.
 * @param attempt which restart in a row this is, from 1
 * @param succeeded the task completed
 */
export function restartDelayMs(attempt: number, policyDelayMs: number, succeeded: boolean): number {
  if (attempt <= PROMPT_RESTARTS) return policyDelayMs;
  const grown = Math.max(policyDelayMs, LEAST_STEP_MS) * 2 ** (attempt - PROMPT_RESTARTS);
  return Math.max(policyDelayMs, Math.min(grown, succeeded ? MOST_BACKOFF_AFTER_SUCCESS_MS : MOST_BACKOFF_MS));
}
