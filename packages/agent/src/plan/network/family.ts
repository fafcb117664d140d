import { type Endpoint, type NetworkAssignment, parseIpv4, parseRange, rangeSize, type ServiceEndpoints } from '@tessera/api';
import { ipv6Beside, ipv6RangeBeside, parseIpv6, parseIpv6Range, type Subnets } from '@tessera/api/net/ipv6';
import { gatewayOf } from './names.js';

type Peer = NetworkAssignment['peers'][number];

/** A network's addresses of one family. */
export interface Addressing {
  subnet: string;
  /** The part of the subnet that addresses are given out of: of IPv6 as much as there is of IPv4. */
  range: string;
  /** This node's part of the subnet. */
  block: string;
  gateway: string;
  vips?: string;
  blockOf(peer: Peer): string;
}

/** What differs between IPv4 and IPv6, as nft writes it and as the desired set has it. */
export interface Family {
  /** nft's name of the family, and of its header in rules. */
  name: 'ip' | 'ip6';
  addressType: 'ipv4_addr' | 'ipv6_addr';
  /** The host's addresses of itself. */
  loopback: string;
  /** What is sent to such an address may be translated to another host (`route_localnet`, which IPv6 lacks). */
  routesLoopback: boolean;
  icmp: 'icmp' | 'icmpv6';
  /** What neighbours on a bridge find each other by: its sources and its packets. Absent: no packets of the family (ARP). */
  discovery?: { sources: string; packets: string };
  /** Whether an address is of this family. */
  has(address: string): boolean;
  isIn(range: string, address: string): boolean;
  withPort(address: string, port: number): string;
  /** Whether a network has addresses of this family. */
  carries(network: NetworkAssignment): boolean;
  /** @throws Error when the network has no addresses of this family */
  addressing(network: NetworkAssignment): Addressing;
  /** Addresses that a node itself has, as the others know it. */
  hostsOf(peer: Peer): readonly string[];
  /** `undefined` for a task without an address of this family. */
  addressOf(endpoint: Endpoint): string | undefined;
  vipOf(service: ServiceEndpoints): string | undefined;
}

export const IPV4: Family = {
  name: 'ip',
  addressType: 'ipv4_addr',
  loopback: '127.0.0.0/8',
  routesLoopback: true,
  icmp: 'icmp',
  has: (address) => parseIpv4(address) !== undefined,
  isIn(range, address) {
    const [within, value] = [parseRange(range), parseIpv4(address)];
    return within !== undefined && value !== undefined && value >= within.base && value < within.base + rangeSize(within.prefix);
  },
  withPort: (address, port) => `${address}:${port}`,
  carries: () => true,
  addressing: ({ subnet, block, vips }) => ({
    subnet,
    range: subnet,
    block,
    gateway: gatewayOf(block),
    ...(vips !== undefined && { vips }),
    blockOf: (peer) => peer.block,
  }),
  hostsOf: ({ address }) => [address],
  addressOf: ({ address }) => address,
  vipOf: ({ vip }) => vip,
};

export const IPV6: Family = {
  name: 'ip6',
  addressType: 'ipv6_addr',
  loopback: '::1',
  routesLoopback: false,
  icmp: 'icmpv6',
  // Without any address yet a host asks whether its own is taken (RFC 4862 5.4.2).
  discovery: { sources: '{ ::, fe80::/10 }', packets: 'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert }' },
  has: (address) => parseIpv6(address) !== undefined,
  isIn(range, address) {
    const [within, value] = [parseIpv6Range(range), parseIpv6(address)];
    return within !== undefined && value !== undefined && parseIpv6Range(`${address}/${within.prefix}`)?.base === within.base;
  },
  withPort: (address, port) => `[${address}]:${port}`,
  carries: ({ subnet6 }) => subnet6 !== undefined,
  addressing(network) {
    const { block, vips } = network;
    const subnets = subnetsOf(network);
    return {
      subnet: subnets.subnet6,
      range: ipv6RangeBeside(subnets, subnets.subnet),
      block: ipv6RangeBeside(subnets, block),
      gateway: ipv6Beside(subnets, gatewayOf(block)),
      ...(vips !== undefined && { vips: ipv6RangeBeside(subnets, vips) }),
      blockOf: (peer) => ipv6RangeBeside(subnets, peer.block),
    };
  },
  hostsOf: ({ addresses6 = [] }) => addresses6,
  addressOf: ({ address6 }) => address6,
  vipOf: ({ vip6 }) => vip6,
};

function subnetsOf({ name, subnet, subnet6 }: NetworkAssignment): Subnets {
  if (subnet6 === undefined) throw new Error(`network ${name} has no IPv6`);
  return { subnet, subnet6 };
}

export const FAMILIES: readonly Family[] = [IPV4, IPV6];

/** The addresses of a task, of both families. */
export function addressesOf(endpoint: Endpoint): string[] {
  return FAMILIES.flatMap((family) => family.addressOf(endpoint) ?? []);
}
