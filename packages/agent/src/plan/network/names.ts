import { addressAt, formatIpv4, type NetworkAssignment, parseRange, rangeSize } from '@tessera/api';
import { formatIpv6 } from '@tessera/api/net/ipv6';

/**
 * Names of everything that the agent makes for a network, all from its VXLAN id: whoever reads `ip link` sees whose it is,
 * and a stale one is known by its name. Interface names hold 15 characters at most.
 */
export const BRIDGE_PREFIX = 'tsb';
export const VXLAN_PREFIX = 'tsv';

const LINK_LOCAL = 0xfe80n << 112n;

export function bridgeName(vni: number): string {
  return `${BRIDGE_PREFIX}${vni}`;
}

export function vxlanName(vni: number): string {
  return `${VXLAN_PREFIX}${vni}`;
}

/**
 * Docker's name of a network: its own, behind a prefix that keeps it apart from what the host's owner made.
 * Docker sends what leaves a container through the network whose name comes first (libnetwork's order of endpoints), so
 * internal networks, which lead nowhere, get a prefix that comes last: `.` is before `_`. The id behind the name keeps a network
 * apart from a removed one of the same name whose last containers still stop; `-` is before all else that names are made of.
 */
export function dockerNetworkName(network: Pick<NetworkAssignment, 'name' | 'internal' | 'vni'>): string {
  return `tessera${network.internal ? '_' : '.'}${network.name}--${network.vni}`;
}

/** First host address of a block: the bridge's, so the containers' gateway and DNS server. */
export function gatewayOf(block: string): string {
  return addressAt(rangeOf(block), 1);
}

/** First address of a block: nobody's own, so it stands for the block's node as next hop on the VXLAN. */
export function nextHopOf(block: string): string {
  return formatIpv4(rangeOf(block).base);
}

/**
 * The same for IPv6: an address of the link itself, since the kernel takes no next hop that another route leads to (the subnet's own, by
 * the bridge).
 */
export function nextHop6Of(block: string): string {
  return formatIpv6(LINK_LOCAL + BigInt(rangeOf(block).base));
}

/** Hardware address of a node's VXLAN device: every peer computes it from the block alone. */
export function hardwareAddressOf(block: string): string {
  const octets = nextHopOf(block).split('.');
  return ['02', '54', ...octets.map((octet) => Number(octet).toString(16).padStart(2, '0'))].join(':');
}

/** A block's first address as a number: marks connections that came in through the block's node. */
export function markOf(block: string): number {
  return rangeOf(block).base;
}

/**
 * Connection tracking zone (16 bits, 0 is the default one) of what comes in through a block's node: the place of the block in its subnet, which
 * does not change while others come and go.
 */
export function zoneOf(subnet: string, block: string): number {
  const { base, prefix } = rangeOf(block);
  return (base - rangeOf(subnet).base) / rangeSize(prefix) + 1;
}

/** Networks in a fixed order, so that what is made of them can be compared as text. */
export function inOrder(networks: readonly NetworkAssignment[]): NetworkAssignment[] {
  return [...networks].sort((a, b) => a.vni - b.vni);
}

function rangeOf(block: string) {
  const range = parseRange(block);
  if (!range) throw new Error(`${block} is not an address range such as 10.1.2.0/24`);
  return range;
}
