import { isTerminal, type Network, type NetworkBlock, type NetworkSpec, type Node, networkBlockId, type Vip } from '@tessera/api';
import { abilitiesWanted } from '../model/network-abilities.js';
import { blocksOf, type Division, divisionOf } from '../model/subnet.js';
import type { ClusterView } from '../model/view.js';
import { allocate, type Pools } from './network-allocation.js';
import { tasksByNode } from './network-space.js';
import type { Change } from './plan.js';
import { planVips } from './vips.js';

/** What a network lacks, and what no change can give it. */
export interface NetworkPlan {
  changes: Change[];
  /** Why some nodes got no addresses, in words. */
  problems: string[];
}

/**
 * Gives a network its VXLAN id and subnets, each node that takes part in it a block of that, and each of its services a virtual address;
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
  const allocation = network.allocation ?? allocate(view, network, cluster);
  if (typeof allocation === 'string') return { changes: stale, problems: [allocation] };
  const allocated = network.allocation ? network : { ...network, allocation };
  const blocks = planBlocks(view, allocated, now);
  const vips = planVips(view, allocated, divisionOf(allocation.subnet)?.vips, now);
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
  return abilitiesWanted(spec).every((ability) => ability.isThere(description, spec));
}

/** Tasks that stop hold addresses of a removed network: its blocks are not given to another one before they are gone. */
function releasable(view: ClusterView, networkId: string): NetworkBlock[] {
  return [...view.blocksOfNetwork(networkId)].filter((block) => {
    for (const task of view.tasksOfNode(block.nodeId))
      if (!isTerminal(task.status.state) && task.status.addresses?.[networkId] !== undefined) return false;
    return true;
  });
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
