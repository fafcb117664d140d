import { formatRange, type Network, type NetworkUsage, networkBlockId, rangeSize, wantsEncryption } from '@tessera/api';
import { abilitiesWanted, type NetworkAbility } from '../model/network-abilities.js';
import { divisionOf } from '../model/subnet.js';
import type { ClusterView } from '../model/view.js';
import { networkMtu } from './network-mtu.js';
import { tasksByNode } from './network-space.js';

/** What a network has given out and what is left of it: computed from the view, never stored. */
export function networkUsage(view: ClusterView, network: Network): NetworkUsage {
  const subnet = network.allocation?.subnet ?? network.spec.subnet;
  const division = network.spec.driver === 'overlay' ? divisionOf(subnet ?? '') : undefined;
  const { blocks: total, perBlock, vips } = division ?? { blocks: 0, perBlock: 0, vips: undefined };
  // The last one is the broadcast address of the subnet.
  const vipCapacity = vips ? rangeSize(vips.prefix) - 1 : 0;
  const vipsUsed = [...view.vipsOfNetwork(network.id)].length;
  const tasks = tasksByNode(view, network);
  const blocks = [...view.blocksOfNetwork(network.id)];
  const nodes = blocks.map(({ nodeId, subnet: block }) => {
    const used = tasks.get(nodeId) ?? 0;
    return { node: nameOf(view, nodeId), block, capacity: perBlock, used, free: Math.max(0, perBlock - used) };
  });
  const used = [...tasks.values()].reduce((sum, count) => sum + count, 0);
  const least = networkMtu(view, network);
  return {
    ...(subnet !== undefined && { subnet }),
    capacity: total * perBlock,
    used,
    free: Math.max(0, total * perBlock - used),
    blocks: { total, used: blocks.length, free: Math.max(0, total - blocks.length), capacity: perBlock },
    ...(vips && { vips: { range: formatRange(vips), capacity: vipCapacity, used: vipsUsed, free: Math.max(0, vipCapacity - vipsUsed) } }),
    nodes: nodes.sort((a, b) => (a.node < b.node ? -1 : 1)),
    services: [...view.servicesOfNetwork(network.spec.name)].map(({ spec }) => spec.name).sort(),
    ...(least && { mtu: least.mtu }),
    ...(least?.limitedBy !== undefined && { mtuLimitedBy: nameOf(view, least.limitedBy) }),
    encrypted: wantsEncryption(network.spec.driverOptions),
    problems: problemsOf(view, network, tasks, total, perBlock),
  };
}

function problemsOf(view: ClusterView, network: Network, tasks: ReadonlyMap<string, number>, total: number, perBlock: number): string[] {
  if (network.spec.driver !== 'overlay') return [];
  if (!network.allocation) return ['it has no subnet yet: the pool of the cluster may be used up'];
  const without = [...tasks.keys()].filter((nodeId) => !view.get('blocks', networkBlockId(network.id, nodeId)));
  const full = [...tasks].filter(([, count]) => count >= perBlock).map(([nodeId]) => nodeId);
  const spare = [...view.all('nodes')].filter(
    (node) => node.spec.availability === 'active' && !view.get('blocks', networkBlockId(network.id, node.id)),
  );
  const isUsedUp = [...view.blocksOfNetwork(network.id)].length >= total && spare.length > 0;
  return [
    ...abilitiesWanted(network.spec).flatMap((ability) => lackingOf(view, ability)),
    ...without.map((nodeId) => `node ${nameOf(view, nodeId)} runs tasks of it and has no addresses`),
    ...full.map((nodeId) => `node ${nameOf(view, nodeId)} has no address left: all ${perBlock} are used`),
    ...(isUsedUp ? [`all ${total} blocks are given away: ${spare.length} more nodes can run its tasks only in place of others`] : []),
  ];
}

/** Nodes of which nothing is known yet are not accused. */
function lackingOf(view: ClusterView, { title, isThere }: NetworkAbility): string[] {
  const lacking = [...view.all('nodes')].filter(({ description }) => description && !isThere(description)).map(({ name }) => name);
  return lacking.length === 0 ? [] : [`${title} is not available on ${lacking.sort().join(', ')}: tasks of it run elsewhere only`];
}

function nameOf(view: ClusterView, nodeId: string): string {
  return view.get('nodes', nodeId)?.name ?? nodeId;
}
