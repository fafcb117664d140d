import type { ClusterView } from './view.js';

/** Ids of nodes that are ready and take part in one of the networks: those whose containers and published ports lead into it. */
export function readyNodesOfNetworks(view: ClusterView, networkIds: Iterable<string>): Set<string> {
  const nodeIds = new Set<string>();
  for (const networkId of networkIds)
    for (const { nodeId } of view.blocksOfNetwork(networkId)) if (view.get('nodes', nodeId)?.status.state === 'ready') nodeIds.add(nodeId);
  return nodeIds;
}
