import { type Cluster, type Network, parseRange } from '@tessera/api';
import { formatIpv6Range, parseIpv6Range } from '@tessera/api/net/ipv6';
import { subnet6Problem } from '@tessera/api/net/subnet6';
import { freeSubnet } from '../model/subnet.js';
import { freeSubnet6, ipv6PoolOf } from '../model/subnet6.js';
import type { ClusterView } from '../model/view.js';
import { othersSubnets } from './network-space.js';

/** First VXLAN id: below are those that Docker Swarm (4096 and up would clash as well, so ours begin far off) and administrators use. */
const FIRST_VNI = 0x540000;

/** What addresses are given out of. */
export type Pools = Pick<Cluster, 'clusterId' | 'addressPool'>;

type Allocation = NonNullable<Network['allocation']>;

/** The VXLAN id and the subnets that a network is to have, or why it gets none. */
export function allocate(view: ClusterView, network: Network, { clusterId, addressPool }: Pools): Allocation | string {
  const { name, ipv6 } = network.spec;
  const subnet = network.spec.subnet ?? freeSubnet(addressPool, othersSubnets(view, network.id), view.count('nodes'));
  if (subnet === undefined) return `network ${name} has no subnet: the pool ${addressPool} is used up`;
  const vni = freeVni(view);
  if (!ipv6) return { subnet, vni };
  const subnet6 = subnet6Of(view, network, vni, clusterId);
  if (subnet6 === undefined) return `network ${name} has no IPv6 subnet: others have all of the cluster's`;
  const wrong = subnet6Problem(subnet6, parseRange(subnet));
  return wrong ? `network ${name} has no subnet: ${wrong.problem} (${wrong.cure})` : { subnet, subnet6, vni };
}

function freeVni(view: ClusterView): number {
  const used = new Set<number | undefined>([...view.all('networks')].map((other) => other.allocation?.vni));
  for (const block of view.all('blocks')) used.add(block.vni);
  let vni = FIRST_VNI;
  while (used.has(vni)) vni++;
  return vni;
}

function subnet6Of(view: ClusterView, { id, spec }: Network, vni: number, clusterId: string): string | undefined {
  if (spec.subnet6 === undefined) return freeSubnet6(ipv6PoolOf(clusterId), vni, othersSubnets6(view, id));
  const own = parseIpv6Range(spec.subnet6);
  return own ? formatIpv6Range(own) : spec.subnet6;
}

function othersSubnets6(view: ClusterView, networkId: string): string[] {
  const others = [...view.all('networks')].filter(({ id }) => id !== networkId);
  return others.flatMap(({ spec, allocation }) => allocation?.subnet6 ?? spec.subnet6 ?? []);
}
