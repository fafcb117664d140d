import {
  formatRange,
  type Ipv4Range,
  LEAST_IPV6_MTU,
  type Network,
  type NetworkUsage,
  networkBlockId,
  rangeSize,
  wantsEncryption,
} from '@tessera/api';
import { ipv6RangeBeside } from '@tessera/api/net/ipv6';
import { abilitiesWanted, type NetworkAbility } from '../model/network-abilities.js';
import { divisionOf } from '../model/subnet.js';
import { subnetsOf } from '../model/subnet6.js';
import type { ClusterView } from '../model/view.js';
import { allocate } from './network-allocation.js';
import { networkMtu } from './network-mtu.js';
import { tasksByNode } from './network-space.js';

/** What a network has given out and what is left of it: computed from the view, never stored. */
export function networkUsage(view: ClusterView, network: Network): NetworkUsage {
  const subnet = network.allocation?.subnet ?? network.spec.subnet;
  const division = network.spec.driver === 'overlay' ? divisionOf(subnet ?? '') : undefined;
  const { blocks: total, perBlock, vips } = division ?? { blocks: 0, perBlock: 0, vips: undefined };
  const tasks = tasksByNode(view, network);
  const blocks = [...view.blocksOfNetwork(network.id)];
  const nodes = blocks.map(({ nodeId, subnet: block }) => {
    const used = tasks.get(nodeId) ?? 0;
    return {
      node: nameOf(view, nodeId),
      block,
      ...beside(network, 'block6', block),
      capacity: perBlock,
      used,
      free: Math.max(0, perBlock - used),
    };
  });
  const used = [...tasks.values()].reduce((sum, count) => sum + count, 0);
  const least = networkMtu(view, network);
  return {
    ...(subnet !== undefined && { subnet }),
    ...(network.allocation?.subnet6 !== undefined && { subnet6: network.allocation.subnet6 }),
    capacity: total * perBlock,
    used,
    free: Math.max(0, total * perBlock - used),
    blocks: { total, used: blocks.length, free: Math.max(0, total - blocks.length), capacity: perBlock },
    ...(vips && { vips: vipUsage(view, network, vips) }),
    nodes: nodes.sort((a, b) => (a.node < b.node ? -1 : 1)),
    services: [...view.servicesOfNetwork(network.spec.name)].map(({ spec }) => spec.name).sort(),
    ...(least && { mtu: least.mtu }),
    ...(least?.limitedBy !== undefined && { mtuLimitedBy: nameOf(view, least.limitedBy) }),
    encrypted: wantsEncryption(network.spec.driverOptions),
    problems: problemsOf(view, network, tasks, total, perBlock),
  };
}

function vipUsage(view: ClusterView, network: Network, vips: Ipv4Range): NetworkUsage['vips'] {
  const range = formatRange(vips);
  // The last one is the broadcast address of the subnet.
  const capacity = rangeSize(vips.prefix) - 1;
  const used = [...view.vipsOfNetwork(network.id)].length;
  return { range, ...beside(network, 'range6', range), capacity, used, free: Math.max(0, capacity - used) };
}

/** What stands beside a range of the network, under this key; nothing when it has no IPv6. */
function beside<Key extends string>(network: Network, key: Key, range: string): { [key in Key]?: string } {
  const subnets = subnetsOf(network);
  return subnets ? ({ [key]: ipv6RangeBeside(subnets, range) } as { [key in Key]?: string }) : {};
}

function problemsOf(view: ClusterView, network: Network, tasks: ReadonlyMap<string, number>, total: number, perBlock: number): string[] {
  if (network.spec.driver !== 'overlay') return [];
  if (!network.allocation) return [whyUnallocated(view, network)];
  const without = [...tasks.keys()].filter((nodeId) => !view.get('blocks', networkBlockId(network.id, nodeId)));
  const full = [...tasks].filter(([, count]) => count >= perBlock).map(([nodeId]) => nodeId);
  const spare = [...view.all('nodes')].filter(
    (node) => node.spec.availability === 'active' && !view.get('blocks', networkBlockId(network.id, node.id)),
  );
  const isUsedUp = [...view.blocksOfNetwork(network.id)].length >= total && spare.length > 0;
  return [
    ...tooSmallFor(view, network),
    ...abilitiesWanted(network.spec).flatMap((ability) => lackingOf(view, network, ability)),
    ...without.map((nodeId) => `node ${nameOf(view, nodeId)} runs tasks of it and has no addresses`),
    ...full.map((nodeId) => `node ${nameOf(view, nodeId)} has no address left: all ${perBlock} are used`),
    ...(isUsedUp ? [`all ${total} blocks are given away: ${spare.length} more nodes can run its tasks only in place of others`] : []),
  ];
}

function whyUnallocated(view: ClusterView, network: Network): string {
  const cluster = view.get('clusters', 'cluster');
  const allocation = cluster && allocate(view, network, cluster);
  return typeof allocation === 'string' ? allocation : 'it has no subnet yet';
}

/** The way between members became narrower since they took part. */
function tooSmallFor(view: ClusterView, network: Network): string[] {
  const { mtu = LEAST_IPV6_MTU, limitedBy } = networkMtu(view, network) ?? {};
  if (!network.spec.ipv6 || mtu >= LEAST_IPV6_MTU) return [];
  const by = limitedBy === undefined ? '' : ` by node ${nameOf(view, limitedBy)}`;
  return [`it has an MTU of ${mtu}${by}, and IPv6 needs ${LEAST_IPV6_MTU}`];
}

/** Nodes of which nothing is known yet are not accused. */
function lackingOf(view: ClusterView, { spec }: Network, { title, isThere }: NetworkAbility): string[] {
  const lacking = [...view.all('nodes')].filter(({ description }) => description && !isThere(description, spec)).map(({ name }) => name);
  return lacking.length === 0 ? [] : [`${title} is not available on ${lacking.sort().join(', ')}: tasks of it run elsewhere only`];
}

function nameOf(view: ClusterView, nodeId: string): string {
  return view.get('nodes', nodeId)?.name ?? nodeId;
}
