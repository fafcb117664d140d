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
/** A network that names no subnet of its own has room for so many nodes at least, so that the cluster may grow. */
const LEAST_BLOCKS = 64;
/** First VXLAN id: below are those that Docker Swarm (4096 and up would clash as well, so ours begin far off) and administrators use. */
const FIRST_VNI = 0x540000;

/** What a network lacks, and what no change can give it. */
export interface NetworkPlan {
  changes: Change[];
  /** Why some nodes got no addresses, in words. */
  problems: string[];
}

/**
 * Gives a network its VXLAN id and subnet, and each node that takes part in it a block of that; takes the blocks of networks
 * and nodes that are gone back. A node takes part when it runs a task of the network, or when the network has a
 * published service, whose traffic every node must be able to forward.
 * @param pool range in CIDR form that subnets are cut from when the network does not name its own
 */
export function planNetwork(view: ClusterView, networkId: string, pool: string, now: number): NetworkPlan {
  const network = view.get('networks', networkId);
  if (!network) return { changes: [...view.blocksOfNetwork(networkId)].map(removeBlock), problems: [] };
  if (network.spec.driver !== 'overlay') return { changes: [], problems: [] };
  const stale = [...view.blocksOfNetwork(networkId)].filter((block) => !view.get('nodes', block.nodeId)).map(removeBlock);
  const allocated = network.allocation ? network : allocate(view, network, pool);
  if (typeof allocated === 'string') return { changes: stale, problems: [allocated] };
  const blocks = planBlocks(view, allocated, now);
  return { changes: [...(allocated === network ? [] : [putNetwork(allocated)]), ...stale, ...blocks.changes], problems: blocks.problems };
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

/** The network with its VXLAN id and subnet, or why it gets none. */
function allocate(view: ClusterView, network: Network, pool: string): Network | string {
  const subnet = network.spec.subnet ?? freeSubnet(view, network, pool);
  if (subnet === undefined) return `network ${network.spec.name} has no subnet: the pool ${pool} is used up`;
  const used = new Set([...view.all('networks')].map((other) => other.allocation?.vni));
  let vni = FIRST_VNI;
  while (used.has(vni)) vni++;
  return { ...network, allocation: { subnet, vni } };
}

/** The lowest part of the pool that no other network has, large enough for twice the nodes that there are. */
function freeSubnet(view: ClusterView, network: Network, pool: string): string | undefined {
  const range = parseRange(pool);
  if (!range) return undefined;
  const blocks = Math.max(LEAST_BLOCKS, 2 * view.count('nodes'));
  const prefix = Math.max(range.prefix, BLOCK_PREFIX.widest - Math.ceil(Math.log2(blocks)));
  const taken = othersSubnets(view, network);
  for (let base = range.base; base < range.base + rangeSize(range.prefix); base += rangeSize(prefix)) {
    if (!taken.some((other) => rangesOverlap(other, { base, prefix }))) return formatRange({ base, prefix });
  }
  return undefined;
}

function othersSubnets(view: ClusterView, network: Network): Ipv4Range[] {
  return [...view.all('networks')]
    .filter((other) => other.id !== network.id)
    .flatMap((other) => parseRange(other.allocation?.subnet ?? other.spec.subnet ?? '') ?? []);
}

function planBlocks(view: ClusterView, network: Network, now: number): NetworkPlan {
  const missing = [...participants(view, network)].filter(
    (nodeId) => view.get('nodes', nodeId) && !view.get('blocks', networkBlockId(network.id, nodeId)),
  );
  const range = parseRange(network.allocation?.subnet ?? '');
  if (missing.length === 0 || !range) return { changes: [], problems: [] };
  const free = freeBlocks(view, network, range);
  const changes: Change[] = [];
  const problems: string[] = [];
  for (const nodeId of missing.sort()) {
    const next = free.next();
    if (next.done) {
      const node = view.get('nodes', nodeId)?.name ?? nodeId;
      problems.push(`network ${network.spec.name} has no addresses left in ${formatRange(range)} for node ${node}`);
    } else changes.push({ type: 'put', kind: 'blocks', object: newBlock(network.id, nodeId, next.value, now), expect: 'absent' });
  }
  return { changes, problems };
}

/** Blocks of the network's subnet that no node has, lowest first. */
function* freeBlocks(view: ClusterView, network: Network, range: Ipv4Range): Generator<Ipv4Range> {
  const taken = new Set([...view.blocksOfNetwork(network.id)].map((block) => block.subnet));
  const prefix = blockPrefix(range);
  for (let base = range.base; base < range.base + rangeSize(range.prefix); base += rangeSize(prefix)) {
    if (!taken.has(formatRange({ base, prefix }))) yield { base, prefix };
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

function putNetwork(network: Network): Change {
  return { type: 'put', kind: 'networks', object: network, expect: { revision: network.revision } };
}

function removeBlock(block: NetworkBlock): Change {
  return { type: 'delete', kind: 'blocks', id: block.id, expect: { revision: block.revision } };
}
