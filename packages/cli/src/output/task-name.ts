import type { Task } from '@tessera/api';

/** `shop_web.2`; for global services, `shop_web` and the beginning of the task's id. */
export function taskName(task: Pick<Task, 'serviceName' | 'slot' | 'id'>): string {
  return `${task.serviceName}.${task.slot ?? task.id.slice(0, 12)}`;
}

/** `shop_web.2: running`. */
export function describeTask(task: Task): string {
  return `${taskName(task)}: ${task.status.state}`;
}
