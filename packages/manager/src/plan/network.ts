import {
  formatRange,
  type Ipv4Range,
  isTerminal,
  type Network,
  type NetworkBlock,
  networkBlockId,
  parseRange,
  rangeSize,
  rangesOverlap,
  type Task,
} from '@tessera/api';
import type { ClusterView } from '../model/view.js';
import type { Change } from './plan.js';

/**
 * Addresses of one node on one network: a /24 holds 253 containers. A user's own subnet is cut into 16 blocks at least,
 * so that it serves several nodes; blocks under /29 would hold next to nothing.
 */
const BLOCK_PREFIX = { widest: 24, narrowest: 29 };
const BLOCKS_PER_SUBNET_BITS = 4;
/** First VXLAN id: below are those that Docker Swarm (4096 and up would clash as well, so ours begin far off) and administrators use. */
const FIRST_VNI = 0x540000;

/** What a network lacks, and what no change can give it. */
export interface NetworkPlan {
  changes: Change[];
  /** Why some nodes got no addresses, in words. */
  problems: string[];
}

/**
 * Gives a network its VXLAN id and each node that takes part in it a block of addresses; takes the blocks of networks
 * and nodes that are gone back. A node takes part when it runs a task of the network, or when the network has a
 * published service, whose traffic every node must be able to forward.
 * @param pool range in CIDR form that blocks are cut from when the network does not name its own
 */
export function planNetwork(view: ClusterView, networkId: string, pool: string, now: number): NetworkPlan {
  const network = view.get('networks', networkId);
  if (!network) return { changes: [...view.blocksOfNetwork(networkId)].map(removeBlock), problems: [] };
  if (network.spec.driver !== 'overlay') return { changes: [], problems: [] };
  const stale = [...view.blocksOfNetwork(networkId)].filter((block) => !view.get('nodes', block.nodeId));
  const blocks = planBlocks(view, network, pool, now);
  return { changes: [...planAllocation(view, network, pool), ...stale.map(removeBlock), ...blocks.changes], problems: blocks.problems };
}

/** Nodes that take part in a network, by id. */
export function participants(view: ClusterView, network: Network): Set<string> {
  const nodes = new Set<string>();
  for (const service of view.servicesOfNetwork(network.spec.name)) {
    if (service.ports.some((port) => port.mode === 'ingress')) return new Set([...view.all('nodes')].map((node) => node.id));
    for (const task of view.tasksOfService(service.id)) if (occupies(task)) nodes.add(task.nodeId as string);
  }
  return nodes;
}

/** The task has a place on its node's side of the network, or will have one. */
export function occupies(task: Task): boolean {
  return task.nodeId !== undefined && !isTerminal(task.status.state);
}

function planAllocation(view: ClusterView, network: Network, pool: string): Change[] {
  if (network.allocation) return [];
  const used = new Set([...view.all('networks')].map((other) => other.allocation?.vni));
  let vni = FIRST_VNI;
  while (used.has(vni)) vni++;
  const allocation = { subnet: network.spec.subnet ?? pool, vni };
  return [{ type: 'put', kind: 'networks', object: { ...network, allocation }, expect: { revision: network.revision } }];
}

function planBlocks(view: ClusterView, network: Network, pool: string, now: number): NetworkPlan {
  const missing = [...participants(view, network)].filter(
    (nodeId) => view.get('nodes', nodeId) && !view.get('blocks', networkBlockId(network.id, nodeId)),
  );
  if (missing.length === 0) return { changes: [], problems: [] };
  const range = parseRange(network.spec.subnet ?? pool);
  if (!range) return { changes: [], problems: [`${network.spec.subnet ?? pool} is not an address range`] };
  const free = freeBlocks(view, network, range);
  const changes: Change[] = [];
  const problems: string[] = [];
  for (const nodeId of missing.sort()) {
    const next = free.next();
    if (next.done)
      problems.push(
        `network ${network.spec.name} has no addresses left in ${formatRange(range)} for node ${view.get('nodes', nodeId)?.name ?? nodeId}`,
      );
    else changes.push({ type: 'put', kind: 'blocks', object: newBlock(network.id, nodeId, next.value, now), expect: 'absent' });
  }
  return { changes, problems };
}

/** Blocks of a range that overlap no other block and no other network's own subnet, lowest first. */
function* freeBlocks(view: ClusterView, network: Network, range: Ipv4Range): Generator<Ipv4Range> {
  const taken = new Set<number>();
  for (const block of view.all('blocks')) {
    const held = parseRange(block.subnet);
    if (held && rangesOverlap(held, range)) taken.add(held.base);
  }
  const reserved = [...view.all('networks')]
    .filter((other) => other.id !== network.id && other.spec.subnet !== undefined)
    .flatMap((other) => parseRange(other.spec.subnet as string) ?? []);
  const prefix = blockPrefix(range);
  for (let base = range.base; base < range.base + rangeSize(range.prefix); base += rangeSize(prefix)) {
    const candidate = { base, prefix };
    if (!taken.has(base) && !reserved.some((other) => rangesOverlap(other, candidate))) yield candidate;
  }
}

function blockPrefix(range: Ipv4Range): number {
  const cut = Math.min(BLOCK_PREFIX.narrowest, Math.max(BLOCK_PREFIX.widest, range.prefix + BLOCKS_PER_SUBNET_BITS));
  return Math.max(cut, range.prefix);
}

function newBlock(networkId: string, nodeId: string, range: Ipv4Range, now: number): NetworkBlock {
  return {
    id: networkBlockId(networkId, nodeId),
    revision: 0,
    createdAt: now,
    updatedAt: now,
    networkId,
    nodeId,
    subnet: formatRange(range),
  };
}

function removeBlock(block: NetworkBlock): Change {
  return { type: 'delete', kind: 'blocks', id: block.id, expect: { revision: block.revision } };
}
