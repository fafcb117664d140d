import type { Node, SystemReserve } from '@tessera/api';

/** What tasks can have of a node: what it has without what is kept for the host itself. Nothing of one that was never connected. */
export function capacityOf(node: Node | undefined): SystemReserve {
  const resources = node?.description?.resources;
  if (!resources) return { nanoCpus: 0, memoryBytes: 0 };
  const reserved = { nanoCpus: 0, memoryBytes: 0, ...resources.reserved, ...node.spec.reserved };
  return {
    nanoCpus: Math.max(0, resources.nanoCpus - reserved.nanoCpus),
    memoryBytes: Math.max(0, resources.memoryBytes - reserved.memoryBytes),
  };
}
