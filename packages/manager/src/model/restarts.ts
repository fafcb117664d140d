import type { RestartPolicy, Task } from '@tessera/api';
import { endedAt, endedByItself } from './task.js';

/**
 * Times at which earlier tasks of this slot ended by themselves under the same template, oldest first: each cost one
 * restart. Attempts are counted from the tasks, so that they survive a change of leader.
 * @param slotTasks all tasks of the slot, in any order
 */
export function restartTimes(slotTasks: Iterable<Task>, task: Task): number[] {
  const times: number[] = [];
  for (const other of slotTasks) {
    if (other.id !== task.id && other.templateHash === task.templateHash && endedByItself(other)) times.push(endedAt(other));
  }
  return times.sort((a, b) => a - b);
}

/**
 * Whether the policy has no restart left for a task that has ended. Measured from the end of the task, not from now:
 * the answer never changes later.
 */
export function isExhausted(slotTasks: Iterable<Task>, ended: Task, policy: RestartPolicy): boolean {
  if (policy.maxAttempts === 0) return false;
  const since = policy.windowMs === 0 ? 0 : endedAt(ended) - policy.windowMs;
  return restartTimes(slotTasks, ended).filter((at) => at >= since).length >= policy.maxAttempts;
}
