import type { Manager, NodeSession } from '@tessera/api';
import type { ClusterView } from './view.js';

/** Whether both are the same session of a node, or both none. */
export function sameSession(one: NodeSession | undefined, other: NodeSession | undefined): boolean {
  return one?.manager === other?.manager && one?.epoch === other?.epoch;
}

/**
 * The other manager that serves the node. None where `own` does, or nobody: a node whose manager is no more comes back to one that is there.
 * @param own id of the manager that asks, while it has its place
 */
export function otherManagerOf(view: ClusterView, nodeId: string, own: string | undefined): Manager | undefined {
  const manager = view.get('nodes', nodeId)?.session?.manager;
  return manager === undefined || manager === own ? undefined : view.get('managers', manager);
}
