import { ApiError, type BodyOf, MAX_TAINTS, type Node, type NodeSpec, type Routes } from '@tessera/api';
import { tolerates } from '@tessera/api/placement/taint';
import type { ClusterView } from '../model/view.js';
import { commitPlan, type Unit } from './commit.js';
import type { UseCaseContext } from './context.js';
import { resolve } from './references.js';

type NodeChange = BodyOf<Routes['updateNode']>;

export function listNodes({ store: { view } }: UseCaseContext): Node[] {
  return [...view.all('nodes')].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** @throws ApiError `not-found` or `ambiguous`. */
export function getNode({ store: { view } }: UseCaseContext, ref: string): Node {
  return resolve(view, 'nodes', ref);
}

/** Changes what is given and leaves the rest. @throws ApiError `not-found` or `ambiguous`. */
export async function updateNode(context: UseCaseContext, ref: string, change: NodeChange): Promise<Node> {
  const { result } = await commitPlan(context, (view) => {
    const node = resolve(view, 'nodes', ref);
    const labels = Object.fromEntries(
      Object.entries({ ...node.spec.labels, ...change.labels }).filter((label): label is [string, string] => label[1] !== null),
    );
    const { taints: _, reserved: __, ...rest } = node.spec;
    const spec = {
      ...rest,
      ...(change.availability && { availability: change.availability }),
      ...(change.role && { role: change.role }),
      labels,
      ...withTaints(node.spec, change),
      ...withReserved(node.spec, change),
    };
    return { units: [[{ type: 'put', kind: 'nodes', object: { ...node, spec }, expect: { revision: node.revision } }]], result: node };
  });
  return resolve(context.store.view, 'nodes', result.id);
}

/** Its taints after the change, the removals first; one of the same key and effect is replaced. @throws ApiError `invalid-spec` for too many. */
function withTaints({ taints = [] }: NodeSpec, { taintsAdd = [], taintsRemove = [] }: NodeChange): Pick<NodeSpec, 'taints'> {
  const stay = taints.filter((taint) => !taintsRemove.some((pattern) => tolerates(pattern, taint)));
  const byKey = new Map([...stay, ...taintsAdd].map((taint) => [`${taint.key}:${taint.effect}`, taint]));
  if (byKey.size > MAX_TAINTS) throw new ApiError('invalid-spec', `a node has at most ${MAX_TAINTS} taints`, { cure: 'remove some first' });
  return byKey.size > 0 ? { taints: [...byKey.values()] } : {};
}

/** What is kept for the host after the change; what is null is again as its agent says. */
function withReserved({ reserved }: NodeSpec, change: NodeChange): Pick<NodeSpec, 'reserved'> {
  const merged = Object.entries({ ...reserved, ...change.reserved }).filter((entry): entry is [string, number] => entry[1] !== null);
  return merged.length > 0 ? { reserved: Object.fromEntries(merged) } : {};
}

/**
 * Forgets a node: its certificate lets nobody in any more, and its tasks count as lost.
 * @throws ApiError `in-use` for a node that is not down, unless forced.
 */
export async function removeNode(context: UseCaseContext, ref: string, { force }: { force: boolean }): Promise<void> {
  const { clock } = context;
  await commitPlan(context, (view) => {
    const node = resolve(view, 'nodes', ref);
    if (node.status.state !== 'down' && !force) {
      throw new ApiError('in-use', `node '${node.name}' is ${node.status.state}, and only a node that is down is removed`, {
        cure: 'stop its agent first, or force the removal',
      });
    }
    const blocks: Unit = [...view.blocksOfNode(node.id)].map(
      ({ id, revision }) => ({ type: 'delete', kind: 'blocks', id, expect: { revision } }) as const,
    );
    const tasks: Unit[] = [...view.tasksOfNode(node.id)]
      .filter((task) => task.status.state !== 'orphaned')
      .map((task) => {
        const status = { ...task.status, state: 'orphaned' as const, at: clock.now(), message: 'its node was removed' };
        return [{ type: 'put', kind: 'tasks', object: { ...task, status }, expect: { revision: task.revision } }];
      });
    return {
      units: [
        ...tasks,
        blocks,
        usageOf(view, node.id),
        [{ type: 'delete', kind: 'nodes', id: node.id, expect: { revision: node.revision } }],
      ],
      result: undefined,
    };
  });
}

function usageOf(view: ClusterView, nodeId: string): Unit {
  const usage = view.get('usages', nodeId);
  return usage ? [{ type: 'delete', kind: 'usages', id: nodeId, expect: { revision: usage.revision } }] : [];
}
