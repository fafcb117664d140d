import { ApiError, type Task } from '@tessera/api';
import type { SessionSocket } from '@tessera/kit';
import { isRunning, isWanted } from '../model/task.js';
import type { ClusterView } from '../model/view.js';
import type { UseCaseContext } from './context.js';
import { peerOf } from './peer.js';
import { resolve } from './references.js';

/**
 * A stream to a port of a running task, or of one of a service's.
 * @param ref a service, a task, or `service.slot`
 * @throws ApiError `not-found`, `ambiguous`, `unavailable` when nothing runs or its node cannot be reached, `timeout`
 */
export async function openForward(context: UseCaseContext, ref: string, port: number, signal: AbortSignal): Promise<SessionSocket> {
  const { store, dispatcher, random } = context;
  const running = runningTasks(store.view, ref);
  const task = running[Math.floor(random.next() * running.length)];
  if (!task) throw new ApiError('unavailable', `no task of '${ref}' is running`, { cure: `see what it waits for: tsctl ps ${ref}` });
  const nodeId = task.nodeId ?? '';
  const other = peerOf(context, nodeId);
  if (other) throw new ApiError('unavailable', `the node of the task is served by manager ${other.hostname}`, { cure: 'ask that manager' });
  return dispatcher.openForward(nodeId, task.id, port, signal);
}

function runningTasks(view: ClusterView, ref: string): Task[] {
  const service = view.byName('services', ref) ?? view.get('services', ref);
  const [, name = '', slot = ''] = /^(.+)\.(\d+)$/.exec(ref) ?? [];
  const ofSlot = view.byName('services', name);
  const tasks = service
    ? [...view.tasksOfService(service.id)]
    : ofSlot
      ? [...view.tasksOfService(ofSlot.id)].filter((task) => String(task.slot) === slot)
      : [resolve(view, 'tasks', ref)];
  return tasks.filter((task) => isWanted(task) && isRunning(task) && task.nodeId !== undefined);
}
