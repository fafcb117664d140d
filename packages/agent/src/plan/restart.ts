import type { RestartPolicy, TaskState } from '@tessera/api';

export type RestartDecision = { restart: true; startAfter: number; restarts: number[] } | { restart: false; reason: string };

/** Restarts remembered for a slot whose policy has no limit of attempts. */
const REMEMBERED_RESTARTS = 100;

export interface EndedTask {
  state: TaskState;
  endedAt: number;
  /** Restarts of the slot so far, in milliseconds since the epoch. */
  restarts: readonly number[];
  policy: RestartPolicy;
}

/**
 * Whether and when a task that ended by itself gets a successor on this node. The one place for the restart policy: condition, attempts
 * within the window, delay. Semantics of Swarm: attempts are counted for each slot and start anew with a new spec.
 */
export function restartDecision({ state, endedAt, restarts, policy }: EndedTask): RestartDecision {
  if (state === 'rejected') return refuse('this node cannot run it');
  if (state !== 'complete' && state !== 'failed') return refuse(`it is ${state}`);
  if (policy.condition === 'none') return refuse('restart condition is none');
  if (policy.condition === 'on-failure' && state === 'complete') return refuse('it completed, and restart condition is on-failure');
  const recent = policy.windowMs > 0 ? restarts.filter((at) => at > endedAt - policy.windowMs) : restarts;
  if (policy.maxAttempts > 0 && recent.length >= policy.maxAttempts)
    return refuse(`restarted ${recent.length} of ${policy.maxAttempts} times allowed`);
  const remembered = Math.max(policy.maxAttempts, REMEMBERED_RESTARTS);
  return { restart: true, startAfter: endedAt + policy.delayMs, restarts: [...restarts, endedAt].slice(-remembered) };
}

function refuse(reason: string): RestartDecision {
  return { restart: false, reason };
}
