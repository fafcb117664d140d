import { oneOf } from '../spec/common.js';

/**
 * States of a task, in the only order in which it may pass through them. Same words as Swarm.
 * See docs/task-model.md.
 */
export const TASK_STATES = [
  'new',
  'pending',
  'assigned',
  'accepted',
  'preparing',
  'ready',
  'starting',
  'running',
  'complete',
  'shutdown',
  'failed',
  'rejected',
  'remove',
  'orphaned',
] as const;
export type TaskState = (typeof TASK_STATES)[number];
export const TaskState = oneOf([...TASK_STATES] as [...typeof TASK_STATES]);

const RANK = new Map<TaskState, number>(TASK_STATES.map((state, index) => [state, index]));

/** Below 0 when `a` comes before `b`, 0 when they are the same, above 0 when it comes after. */
export function compareStates(a: TaskState, b: TaskState): number {
  return (RANK.get(a) ?? 0) - (RANK.get(b) ?? 0);
}

/** The task has ended or is lost: its container runs no more and it will not start again. */
export function isTerminal(state: TaskState): boolean {
  return compareStates(state, 'running') > 0;
}

/** What a controller may want of a task. `ready`: prepared, not started (waits for its turn). */
export const DESIRED_STATES = ['ready', 'running', 'complete', 'shutdown', 'remove'] as const;
export type DesiredState = (typeof DESIRED_STATES)[number];
export const DesiredState = oneOf([...DESIRED_STATES] as [...typeof DESIRED_STATES]);
