import type { TaskRestart, TaskStatus } from '../object/objects.js';
import type { RestartPolicy } from '../spec/service-spec.js';
import { endedAt, ranWell, restartDelayMs } from './backoff.js';

/** A task that ended by itself, and what its slot has behind it. */
export interface EndedRun {
  status: TaskStatus;
  policy: RestartPolicy;
  /** When earlier tasks of the slot ended by themselves under the same template: each cost one attempt. Milliseconds since the epoch. */
  restarts: readonly number[];
  /** Which restart the task was itself; absent for the first task of a slot. */
  restart?: TaskRestart | undefined;
}

/** When the successor may start, in milliseconds since the epoch, and which restart it is; or why there is none. */
export type RestartDecision = { isRestarted: true; startAfter: number; restart: TaskRestart } | { isRestarted: false; reason: string };

/** Longest reason that a restart tells, in characters. */
const MOST_REASON = 2_048;

/**
 * Whether and when a task that ended by itself gets a successor: the one place for the restart policy, for the agent, which restarts
 * without asking, and the manager. Condition, attempts and window are Swarm's (moby/swarmkit `manager/orchestrator/restart`): attempts are
 * counted for each slot, those not younger than `window` before the end are forgotten, and a new spec begins at 0.
 */
export function restartDecision(run: EndedRun): RestartDecision {
  const { status, policy } = run;
  const refusal = refusalOf(status, policy) ?? exhaustion(run);
  if (refusal !== undefined) return { isRestarted: false, reason: refusal };
  const attempt = ranWell(status) ? 1 : (run.restart?.attempt ?? 0) + 1;
  const delayMs = restartDelayMs(attempt, policy.delayMs, status.state === 'complete');
  const reason = (status.error ?? status.message).slice(0, MOST_REASON);
  return { isRestarted: true, startAfter: endedAt(status) + delayMs, restart: { attempt, reason } };
}

function refusalOf({ state }: TaskStatus, { condition }: RestartPolicy): string | undefined {
  if (state !== 'complete' && state !== 'failed' && state !== 'rejected') return `it is ${state}`;
  if (condition === 'none') return 'restart condition is none';
  return condition === 'on-failure' && state === 'complete' ? 'it completed, and restart condition is on-failure' : undefined;
}

/**
 * Why no attempt is left, or `undefined`. Measured from the end of the task, not from now: the answer never changes later.
 */
export function exhaustion({ status, policy: { maxAttempts, windowMs }, restarts }: EndedRun): string | undefined {
  if (maxAttempts === 0) return undefined;
  const since = endedAt(status) - windowMs;
  const counted = windowMs === 0 ? restarts.length : restarts.filter((at) => at > since).length;
  return counted < maxAttempts ? undefined : `restarted ${counted} of ${maxAttempts} times allowed`;
}
