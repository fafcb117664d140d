import {
  type Cluster,
  isTerminal,
  type Network,
  type NetworkBlock,
  type NetworkSpec,
  type Node,
  networkBlockId,
  type Vip,
} from '@tessera/api';
import { abilitiesWanted } from '../model/network-abilities.js';
import { blocksOf, type Division, divisionOf, freeSubnet } from '../model/subnet.js';
import { freeSubnet6, ipv6PoolOf } from '../model/subnet6.js';
import type { ClusterView } from '../model/view.js';
import { othersSubnets, tasksByNode } from './network-space.js';
import type { Change } from './plan.js';
import { planVips } from './vips.js';

/** First VXLAN id: below are those that Docker Swarm (4096 and up would clash as well, so ours begin far off) and administrators use. */
const FIRST_VNI = 0x540000;

/** What addresses are given out of. */
export type Pools = Pick<Cluster, 'clusterId' | 'addressPool'>;

/** What a network lacks, and what no change can give it. */
export interface NetworkPlan {
  changes: Change[];
  /** Why some nodes got no addresses, in words. */
  problems: string[];
}

/**
 * Gives a network its VXLAN id and subnet, each node that takes part in it a block of that, and each of its services a virtual address;
 * takes back what services, nodes and networks that are gone had, blocks once no task holds an address of them. A node takes part when it runs a task of the network, or
 * when the network has a published service, whose traffic every node must be able to forward.
 * @param cluster has the pools that subnets are cut from when the network does not name its own
 */
export function planNetwork(view: ClusterView, networkId: string, cluster: Pools, now: number): NetworkPlan {
  const network = view.get('networks', networkId);
  if (!network) {
    const vips = [...view.vipsOfNetwork(networkId)].map(removeVip);
    return { changes: [...releasable(view, networkId).map(removeBlock), ...vips], problems: [] };
  }
  if (network.spec.driver !== 'overlay') return { changes: [], problems: [] };
  const stale = [...view.blocksOfNetwork(networkId)].filter((block) => !view.get('nodes', block.nodeId)).map(removeBlock);
  const allocated = network.allocation ? network : allocate(view, network, cluster);
  if (typeof allocated === 'string') return { changes: stale, problems: [allocated] };
  const blocks = planBlocks(view, allocated, now);
  const vips = planVips(view, allocated, divisionOf(allocated.allocation?.subnet ?? '')?.vips, now);
  return {
    changes: [...(allocated === network ? [] : [putNetwork(allocated)]), ...stale, ...blocks.changes, ...vips.changes],
    problems: [...blocks.problems, ...vips.problems],
  };
}

/** A service on the network publishes a port, which every node answers. */
export function isOnEveryNode(view: ClusterView, network: Network): boolean {
  for (const service of view.servicesOfNetwork(network.spec.name)) if (service.ports.some((port) => port.mode === 'ingress')) return true;
  return false;
}

/** A network has no members that lack what it asks for: never would they send in the clear. */
function canCarry({ description }: Node, spec: NetworkSpec): boolean {
  return abilitiesWanted(spec).every((ability) => ability.isThere(description));
}

/** Tasks that stop hold addresses of a removed network: its blocks are not given to another one before they are gone. */
function releasable(view: ClusterView, networkId: string): NetworkBlock[] {
  return [...view.blocksOfNetwork(networkId)].filter((block) => {
    for (const task of view.tasksOfNode(block.nodeId))
      if (!isTerminal(task.status.state) && task.status.addresses?.[networkId] !== undefined) return false;
    return true;
  });
}

/** The network with its VXLAN id and subnet, or why it gets none. */
function allocate(view: ClusterView, network: Network, { clusterId, addressPool: pool }: Pools): Network | string {
  const subnet = network.spec.subnet ?? freeSubnet(pool, othersSubnets(view, network.id), view.count('nodes'));
  if (subnet === undefined) return `network ${network.spec.name} has no subnet: the pool ${pool} is used up`;
  const used = new Set<number | undefined>([...view.all('networks')].map((other) => other.allocation?.vni));
  for (const block of view.all('blocks')) used.add(block.vni);
  let vni = FIRST_VNI;
  while (used.has(vni)) vni++;
  if (!network.spec.ipv6) return { ...network, allocation: { subnet, vni } };
  const subnet6 = network.spec.subnet6 ?? freeSubnet6(ipv6PoolOf(clusterId), vni, othersSubnets6(view, network.id));
  if (subnet6 === undefined) return `network ${network.spec.name} has no IPv6 subnet: others have all of the cluster's`;
  return { ...network, allocation: { subnet, subnet6, vni } };
}

function othersSubnets6(view: ClusterView, networkId: string): string[] {
  return [...view.all('networks')].flatMap(({ id, spec, allocation }) =>
    id === networkId ? [] : (allocation?.subnet6 ?? spec.subnet6 ?? []),
  );
}

function planBlocks(view: ClusterView, network: Network, now: number): NetworkPlan {
  const busy = tasksByNode(view, network);
  const members = isOnEveryNode(view, network) ? [...view.all('nodes')].map((node) => node.id) : [...busy.keys()];
  const missing = members.filter((nodeId) => {
    const node = view.get('nodes', nodeId);
    return node && canCarry(node, network.spec) && !view.get('blocks', networkBlockId(network.id, nodeId));
  });
  const division = divisionOf(network.allocation?.subnet ?? '');
  if (missing.length === 0 || !division) return { changes: [], problems: [] };
  const free = freeBlocks(view, network, division);
  const changes: Change[] = [];
  const problems: string[] = [];
  // Those that run tasks come first: others only forward.
  for (const nodeId of missing.sort((a, b) => Number(busy.has(b)) - Number(busy.has(a)) || (a < b ? -1 : 1))) {
    const next = free.next();
    const idle = next.done && busy.has(nodeId) ? idleBlock(view, network, busy, changes) : undefined;
    if (idle) changes.push(removeBlock(idle));
    const subnet = idle?.subnet ?? (next.done ? undefined : next.value);
    if (subnet === undefined) problems.push(noBlockLeft(view, network, nodeId, division.blocks));
    else changes.push({ type: 'put', kind: 'blocks', object: newBlock(network, nodeId, subnet, now), expect: 'absent' });
  }
  return { changes, problems };
}

/** Blocks of the network's subnet that no node has, lowest first. */
function* freeBlocks(view: ClusterView, network: Network, division: Division): Generator<string> {
  const taken = new Set([...view.blocksOfNetwork(network.id)].map((block) => block.subnet));
  for (const block of blocksOf(division)) if (!taken.has(block)) yield block;
}

/** A block of a node that runs no task of the network any more. */
function idleBlock(
  view: ClusterView,
  network: Network,
  busy: ReadonlyMap<string, number>,
  changes: readonly Change[],
): NetworkBlock | undefined {
  const going = new Set(changes.flatMap((change) => (change.type === 'delete' ? [change.id] : [])));
  const idle = [...view.blocksOfNetwork(network.id)].filter((block) => !busy.has(block.nodeId) && !going.has(block.id));
  return idle.sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))[0];
}

function noBlockLeft(view: ClusterView, network: Network, nodeId: string, blocks: number): string {
  const node = view.get('nodes', nodeId)?.name ?? nodeId;
  return `network ${network.spec.name} has no addresses left in ${network.allocation?.subnet} for node ${node}: it serves ${blocks} ${blocks === 1 ? 'node' : 'nodes'}`;
}

function newBlock({ id: networkId, allocation }: Network, nodeId: string, subnet: string, now: number): NetworkBlock {
  return {
    id: networkBlockId(networkId, nodeId),
    revision: 0,
    createdAt: now,
    updatedAt: now,
    networkId,
    nodeId,
    subnet,
    ...(allocation && { vni: allocation.vni }),
  };
}

function putNetwork(network: Network): Change {
  return { type: 'put', kind: 'networks', object: network, expect: { revision: network.revision } };
}

function removeVip({ id, revision }: Vip): Change {
  return { type: 'delete', kind: 'vips', id, expect: { revision } };
}

function removeBlock(block: NetworkBlock): Change {
  return { type: 'delete', kind: 'blocks', id: block.id, expect: { revision: block.revision } };
}
