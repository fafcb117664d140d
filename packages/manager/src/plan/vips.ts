import { formatIpv4, hash32, type Ipv4Range, type Network, parseIpv4, rangeSize, type Service, type Vip, vipId } from '@tessera/api';
import type { ClusterView } from '../model/view.js';
import type { Change } from './plan.js';

/** What services of a network lack, and what no change can give them. */
export interface VipPlan {
  changes: Change[];
  /** Why some services got no virtual address, in words. */
  problems: string[];
}

/** Whether the service is reached at a virtual address on its networks. Jobs take no traffic. */
export function wantsVip({ spec }: Service): boolean {
  return spec.endpointMode === 'vip' && (spec.mode.kind === 'replicated' || spec.mode.kind === 'global');
}

/**
 * Gives each service of the network that wants one a virtual address, and takes those of services that are gone or want none back.
 * A service begins to look for a free one at a place of its own, so that an address that was just given back is not likely to
 * be another service's at once, while clients may still know it.
 * @param range where virtual addresses come from; absent: the network is too small to have any
 */
export function planVips(view: ClusterView, network: Network, range: Ipv4Range | undefined, now: number): VipPlan {
  const wanting = new Map([...view.servicesOfNetwork(network.spec.name)].filter(wantsVip).map((service) => [service.id, service]));
  const taken = new Set<number>();
  const changes: Change[] = [];
  for (const vip of [...view.vipsOfNetwork(network.id)].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const address = parseIpv4(vip.address) ?? 0;
    // Only the first of two counts, should two leaders have given one each.
    if (range && holds(range, address) && wanting.delete(vip.serviceId)) taken.add(address);
    else changes.push({ type: 'delete', kind: 'vips', id: vip.id, expect: { revision: vip.revision } });
  }
  if (!range) return { changes, problems: [] };
  const without: string[] = [];
  for (const service of [...wanting.values()].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const address = freeAddress(range, service.id, taken);
    if (address === undefined) without.push(service.spec.name);
    else {
      taken.add(address);
      changes.push({ type: 'put', kind: 'vips', object: newVip(network.id, service.id, formatIpv4(address), now), expect: 'absent' });
    }
  }
  return { changes, problems: without.map((name) => problemOf(network, name, range)) };
}

function holds({ base, prefix }: Ipv4Range, address: number): boolean {
  return address >= base && address < base + rangeSize(prefix);
}

/** The range's last address is the subnet's broadcast address. */
function freeAddress(range: Ipv4Range, serviceId: string, taken: ReadonlySet<number>): number | undefined {
  const size = rangeSize(range.prefix) - 1;
  const start = hash32(serviceId) % size;
  for (let step = 0; step < size; step++) {
    const address = range.base + ((start + step) % size);
    if (!taken.has(address)) return address;
  }
  return undefined;
}

function problemOf(network: Network, service: string, range: Ipv4Range): string {
  const size = rangeSize(range.prefix) - 1;
  return `network ${network.spec.name} has no virtual address left for service ${service}: all ${size} are taken; its name stands for its tasks`;
}

function newVip(networkId: string, serviceId: string, address: string, now: number): Vip {
  return { id: vipId(networkId, address), revision: 0, createdAt: now, updatedAt: now, networkId, serviceId, address };
}
