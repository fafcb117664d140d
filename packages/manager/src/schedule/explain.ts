import type { PlacementExplanation, Task } from '@tessera/api';
import type { ClusterView } from '../model/view.js';
import { Checks, type Refusal } from './checks.js';
import type { TaskGroup } from './filters/filter.js';
import type { NodeTable } from './node-table.js';
import { taskGroupOf } from './task-group.js';

/**
 * Which nodes take a task of the group as things are now, and which rule turns each of the others away: every node is counted under the
 * first one that does. Asks every node. Pure.
 */
export function explainPlacement(table: NodeTable, group: TaskGroup): PlacementExplanation {
  const checks = new Checks(group, table);
  const refusals = checks.refusals();
  const refused = refusals.reduce((sum, { indices }) => sum + indices.length, 0);
  const idsOf = (indices: readonly number[]): string[] => indices.map((index) => table.node(index)!.id);
  const fitting = checks.feasible();
  return {
    nodes: fitting.length + refused,
    fitting: idsOf(fitting),
    refusals: refusals.map((refusal) => ({
      filter: refusal.filter,
      reason: reasonOf(refusal),
      count: refusal.indices.length,
      nodeIds: idsOf(refusal.indices),
    })),
    message: sentence(fitting.length, refusals),
  };
}

/**
 * The same for one task, as if it were to be placed now: what it holds itself is left out of account.
 * @param table is left as it was found
 */
export function explainTask(view: ClusterView, table: NodeTable, task: Task): PlacementExplanation | undefined {
  const group = taskGroupOf(view, task);
  if (!group) return undefined;
  table.release(task);
  try {
    const explanation = explainPlacement(table, group);
    const bound =
      group.homeOf?.(task, table) ?? (isPerNode(task) ? { nodeId: task.nodeId!, reason: 'it is the task of this node' } : undefined);
    return bound ? { ...explanation, bound } : explanation;
  } finally {
    table.putTask(view, task);
  }
}

/** Tasks of global services come with their node. */
function isPerNode({ slot, nodeId }: Task): boolean {
  return slot === undefined && nodeId !== undefined;
}

/** `0/40 nodes: 22 not enough memory (need 2 GiB, best has 1.4 GiB), 18 constraint node.labels.disk==ssd`. */
export function sentence(fitting: number, refusals: readonly Refusal[]): string {
  const nodes = refusals.reduce((sum, { indices }) => sum + indices.length, fitting);
  if (nodes === 0) return '0/0 nodes: the cluster has no nodes';
  const reasons = refusals.map((refusal) => `${refusal.indices.length} ${reasonOf(refusal)}`);
  return `${fitting}/${nodes} ${nodes === 1 ? 'node' : 'nodes'}${reasons.length === 0 ? '' : `: ${reasons.join(', ')}`}`;
}

function reasonOf({ check, reason, indices }: Refusal): string {
  return check.explain(reason, indices);
}
