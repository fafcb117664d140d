import type { GivenResource, Task } from '@tessera/api';

const MOST_CHARACTERS = 4096;

/** What the scheduler says of one waiting task: the task as it should be now. */
export interface Decision {
  before: Task;
  after: Task;
}

/** @param resources named ones of the node that are the task's own */
export function assign(task: Task, nodeId: string, resources: readonly GivenResource[], now: number): Decision {
  const after: Task = { ...task, nodeId, status: { state: 'assigned', at: now, message: 'assigned to a node' } };
  if (resources.length > 0) after.resources = [...resources];
  if (after.madeRoomFor) delete after.madeRoomFor;
  return { before: task, after };
}

/** Nothing when the task says so already. The time of the state stays: the task is in it since then. */
export function refuse(task: Task, reason: string): Decision | undefined {
  const { madeRoomFor } = task;
  const why = madeRoomFor ? `${reason}; it made room for ${madeRoomFor.service} (priority ${madeRoomFor.priority})` : reason;
  const message = why.slice(0, MOST_CHARACTERS);
  return task.status.message === message ? undefined : { before: task, after: { ...task, status: { ...task.status, message } } };
}
