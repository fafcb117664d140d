import type { Task } from '@tessera/api';
import { isAssigned, isLive } from '../model/task.js';
import type { ClusterView } from '../model/view.js';
import type { Plan } from './plan.js';

/**
 * Tasks of a node that is down or was removed are lost: `orphaned`, so that their slots are filled elsewhere, and told
 * to go, so that a node that comes back stops what it still runs.
 */
export function planNode(view: ClusterView, nodeId: string, now: number): Plan {
  const node = view.get('nodes', nodeId);
  if (node && node.status.state !== 'down') return { changes: [] };
  const message = node ? `node ${node.name} is down` : 'its node was removed';
  const changes: Plan['changes'] = [];
  for (const task of view.tasksOfNode(nodeId)) {
    if (isLive(task)) changes.push({ type: 'put', kind: 'tasks', object: orphan(task, message, now), expect: { revision: task.revision } });
  }
  return { changes };
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
