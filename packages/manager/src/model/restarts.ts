import { type EndedRun, exhaustion, type RestartPolicy, type Task } from '@tessera/api';
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

/** What the restart policy asks of a task that has ended. */
export function endedRun(slotTasks: Iterable<Task>, ended: Task, policy: RestartPolicy): EndedRun {
  return { status: ended.status, policy, restarts: restartTimes(slotTasks, ended), restart: ended.restart };
}

/** Whether the policy has no restart left for a task that has ended. */
export function isExhausted(slotTasks: Iterable<Task>, ended: Task, policy: RestartPolicy): boolean {
  return exhaustion(endedRun(slotTasks, ended, policy)) !== undefined;
}
