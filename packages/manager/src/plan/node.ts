import { FENCE_WAIT_MS, givenUpInMs, type Node, type Task } from '@tessera/api';
import { sourceOf } from '../model/spec-of.js';
import { isAssigned, isLive } from '../model/task.js';
import type { ClusterView } from '../model/view.js';
import type { Plan } from './plan.js';

/**
 * Tasks of a node that is down or was removed are lost: `orphaned`, so that their slots are filled elsewhere, and told
 * to go, so that a node that comes back stops what it still runs. Tasks with `x-partition: stop` are given up only when the
 * node has surely stopped them (see `fencing` in the contract).
 * @param awayMs for how long the node has been down or gone, by a monotonic clock
 */
export function planNode(view: ClusterView, nodeId: string, now: number, awayMs: number): Plan {
  const node = view.get('nodes', nodeId);
  if (node && node.status.state !== 'down') return { changes: [] };
  const message = node ? `node ${node.name} is down` : 'its node was removed';
  const changes: Plan['changes'] = [];
  let againInMs = Number.POSITIVE_INFINITY;
  for (const task of view.tasksOfNode(nodeId)) {
    if (!isLive(task)) continue;
    const inMs = isAssigned(task) ? givenUpInMs(sourceOf(view, task)?.spec.template, awayMs) : 0;
    const object = inMs > 0 ? waiting(task, message, node) : orphan(task, message, now);
    if (object !== task) changes.push({ type: 'put', kind: 'tasks', object, expect: { revision: task.revision } });
    if (inMs > 0) againInMs = Math.min(againInMs, inMs);
  }
  return Number.isFinite(againInMs) ? { changes, againInMs } : { changes };
}

/** Says why the slot is not filled yet. */
function waiting(task: Task, reason: string, node: Node | undefined): Task {
  const until = node ? `until ${new Date(node.status.at + FENCE_WAIT_MS).toISOString()}` : `for ${FENCE_WAIT_MS / 1_000} s`;
  const message = `${reason}; waits at least ${until} before it is replaced, because x-partition: stop`;
  return task.status.message === message ? task : { ...task, status: { ...task.status, message } };
}

/** One that never reached the node has not been lost with it, only stopped. */
function orphan(task: Task, message: string, now: number): Task {
  const state = isAssigned(task) ? 'orphaned' : 'shutdown';
  return {
    ...task,
    desired: task.desired === 'remove' ? 'remove' : 'shutdown',
    status: { ...task.status, state, at: now, message, finishedAt: now },
  };
}
