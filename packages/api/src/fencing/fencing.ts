import type { TaskTemplate } from '../spec/service-spec.js';

/**
 * Fencing (`x-partition: stop`): never two tasks of a slot run, also when a node is cut off. The agent stops its copy when no manager has answered
 * it for {@link FENCE_AFTER_MS}; the managers give such a task up only {@link FENCE_WAIT_MS} after its node was down. Both count on their own
 * monotonic clocks from moments of which the agent's comes first: it counts from the sending of the last heartbeat that was answered, and a node
 * is called down only after that heartbeat was heard. So clocks need not agree, only run at about the same rate.
 */

/** An agent whose last answered heartbeat is so old stops its fenced tasks. Long enough for a manager to be restarted or replaced. */
export const FENCE_AFTER_MS = 8_000;
/** From the stop signal of a fenced task to SIGKILL at most, whatever its own grace. */
export const FENCE_GRACE_MS = 2_000;
/** What the engine may take for that, beyond the grace. */
export const FENCE_ENGINE_MS = 1_000;
/** By how much the rates of two clocks may differ. */
export const FENCE_CLOCK_RATE = 1.02;
/** So long after its node was down a fenced task has surely ended. */
export const FENCE_WAIT_MS = 12_000;

/** A task that must not run where no manager can be reached. */
export function isFencedTemplate({ partition }: TaskTemplate): boolean {
  return partition === 'stop';
}

/**
 * Milliseconds until fenced tasks may not run here any more; 0 or less: they may not.
 * @param grantedAt when the last heartbeat that a manager answered was sent; never: `-Infinity`
 * @param now both by the same monotonic clock
 */
export function fenceShutsInMs(grantedAt: number, now: number): number {
  return grantedAt + FENCE_AFTER_MS - now;
}

/**
 * Milliseconds until a task may be given up, so that another one takes its place.
 * @param awayMs for how long its node has been down or gone, by the leader's monotonic clock
 */
export function givenUpInMs(template: TaskTemplate | undefined, awayMs: number): number {
  return template && isFencedTemplate(template) ? Math.max(0, FENCE_WAIT_MS - awayMs) : 0;
}
