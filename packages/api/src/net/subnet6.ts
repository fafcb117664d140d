import type { Ipv4Range } from './ipv4.js';
import { formatIpv6Range, type Ipv6Range, ipv6RangesOverlap, longestIpv6Prefix, parseIpv6Range } from './ipv6.js';

/** Ranges that no network can have. Source: RFC 4291, 2.4 and 2.5. */
const RESERVED: readonly { range: string; what: string }[] = [
  { range: '::/8', what: 'reserved, for loopback and IPv4 addresses among others' },
  { range: 'fe80::/10', what: 'link-local' },
  { range: 'ff00::/8', what: 'multicast' },
];

export interface Subnet6Problem {
  /** Begins with the subnet. */
  problem: string;
  cure: string;
}

/**
 * What is wrong with the IPv6 subnet that a user wants for a network, whatever other networks there are; `undefined` when nothing is.
 * @param subnet6 in CIDR form
 * @param beside the network's IPv4 subnet, when it is known: each of its addresses needs one beside it
 */
export function subnet6Problem(subnet6: string, beside?: Ipv4Range): Subnet6Problem | undefined {
  const range = parseIpv6Range(subnet6);
  if (!range) return { problem: `"${subnet6}" is not an IPv6 subnet`, cure: 'write it as address/prefix, such as fd00:20::/64' };
  const reserved = RESERVED.find((one) => ipv6RangesOverlap(parseIpv6Range(one.range) as Ipv6Range, range));
  if (reserved) {
    return {
      problem: `${formatIpv6Range(range)} overlaps with ${reserved.range}, which is ${reserved.what}`,
      cure: 'choose one of fd00::/8, or global addresses of your own',
    };
  }
  if (!beside || range.prefix <= longestIpv6Prefix(beside)) return undefined;
  return {
    problem: `${formatIpv6Range(range)} is too small beside an IPv4 subnet of /${beside.prefix}: each address of that has one in it`,
    cure: `give it a prefix of /${longestIpv6Prefix(beside)} at most; /64 is usual`,
  };
}
