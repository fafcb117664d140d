import type { NetworkAssignment } from '@tessera/api';
import { formatIpv6Range, type Ipv6Range, parseIpv6Range } from '@tessera/api/net/ipv6';
import { IPV6 } from './family.js';
import { bridgeName } from './names.js';

/** How long an answer is good in the daemon's memory. The ranges never change while it runs, so that it need not ask anew. */
const CACHE_MS = 30_000;
/** Answers are given from the ranges alone, so that nothing is waited for; the daemon wants a limit all the same. */
const ANSWER_LIMIT_MS = 500;
const WIDTH = 128;

/** What a bridge answers for: all of a network's addresses that are not of this node's block. */
export interface NeighbourRange {
  bridge: string;
  /** In CIDR form, none within another. */
  ranges: string[];
}

/** What the bridges of networks with IPv6 answer for. It depends on the node's own block alone: peers come and go without a change. */
export function desiredNeighbours(networks: readonly NetworkAssignment[]): NeighbourRange[] {
  return networks.filter(IPV6.carries).map((network) => {
    const { range, block } = IPV6.addressing(network);
    return { bridge: bridgeName(network.vni), ranges: around(range, block) };
  });
}

/**
 * The fewest ranges that hold all of `range` but `block`: on the way from the one to the other, the half that is left behind at each bit.
 * @throws Error when one of them is no range
 */
export function around(range: string, block: string): string[] {
  const [outer, inner] = [parseIpv6Range(range), parseIpv6Range(block)];
  if (!outer || !inner) throw new Error(`${range} or ${block} is no IPv6 range`);
  const halves: Ipv6Range[] = [];
  for (let prefix = outer.prefix + 1; prefix <= inner.prefix; prefix++) {
    const bit = 1n << BigInt(WIDTH - prefix);
    halves.push({ base: (inner.base ^ bit) & ~(bit - 1n), prefix });
  }
  return halves.map(formatIpv6Range);
}

/** What the daemon takes over from its interface when it starts: when that is another one, it must start anew. */
export interface InterfaceIdentity {
  index: number;
  hardwareAddress: string;
}

/** For `ndppd -c`. */
export function ndppdConfig({ bridge, ranges }: NeighbourRange, { index, hardwareAddress }: InterfaceIdentity): string {
  return [
    `# Written by the agent. ${bridge} is interface ${index} with ${hardwareAddress}.`,
    `route-ttl ${CACHE_MS}`,
    `address-ttl ${CACHE_MS}`,
    `proxy ${bridge} {`,
    '  router no',
    `  timeout ${ANSWER_LIMIT_MS}`,
    `  ttl ${CACHE_MS}`,
    ...ranges.map((range) => `  rule ${range} { static }`),
    '}',
    '',
  ].join('\n');
}
