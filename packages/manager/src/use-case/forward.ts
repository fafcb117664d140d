import { ApiError, type Manager, type Task } from '@tessera/api';
import type { SessionSocket } from '@tessera/kit';
import { isRunning, isWanted } from '../model/task.js';
import type { ClusterView } from '../model/view.js';
import type { UseCaseContext } from './context.js';
import { goneSignal, peerOf, refuseOther } from './peer.js';
import { resolve } from './references.js';

/** A TCP port of a task's container. */
export interface ForwardTarget {
  nodeId: string;
  taskId: string;
  port: number;
}

/**
 * A stream to a port of a running task, or of one of a service's, whichever manager serves its node.
 * @param ref a service, a task, or `service.slot`
 * @throws ApiError `not-found`, `ambiguous`, `unavailable` when nothing runs or its node cannot be reached, `timeout`
 */
export async function openForward(context: UseCaseContext, ref: string, port: number, signal: AbortSignal): Promise<SessionSocket> {
  const { store, dispatcher, random } = context;
  const running = runningTasks(store.view, ref);
  const task = running[Math.floor(random.next() * running.length)];
  if (!task) throw new ApiError('unavailable', `no task of '${ref}' is running`, { cure: `see what it waits for: tsctl ps ${ref}` });
  const nodeId = task.nodeId ?? '';
  const peer = peerOf(context, nodeId);
  if (!peer) return dispatcher.openForward(nodeId, task.id, port, signal);
  return forwardThrough(context, peer, { nodeId, taskId: task.id, port }, signal);
}

/**
 * The same for another manager: to a task of a node with a session here, and of no other, so that nothing goes in circles.
 * @throws ApiError `not-found` when another manager was meant
 */
export async function relayForward(
  { dispatcher, presence }: UseCaseContext,
  manager: string,
  { nodeId, taskId, port }: ForwardTarget,
  signal: AbortSignal,
): Promise<SessionSocket> {
  refuseOther(presence, manager);
  return dispatcher.openForward(nodeId, taskId, port, signal);
}

/** The connection ends when that manager has gone, as it does when one of its ends goes. */
async function forwardThrough(
  context: UseCaseContext,
  peer: Manager,
  { nodeId, taskId, port }: ForwardTarget,
  signal: AbortSignal,
): Promise<SessionSocket> {
  const gone = goneSignal(context, peer);
  try {
    const socket = await context.peers.openForward(peer, nodeId, taskId, port, AbortSignal.any([signal, gone.signal]));
    const cut = (): void => socket.close();
    gone.signal.addEventListener('abort', cut, { once: true });
    socket.onClose(() => {
      gone.stop();
      gone.signal.removeEventListener('abort', cut);
    });
    return socket;
  } catch (error) {
    gone.stop();
    if (gone.signal.aborted) throw new ApiError('unavailable', `manager ${peer.hostname}, which serves the node, is gone`);
    throw error;
  }
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
