import { hash32, type Network } from '@tessera/api';
import { formatIpv6Range, type Ipv6Range, ipv6RangesOverlap, parseIpv6Range, type Subnets } from '@tessera/api/net/ipv6';

/** Unique local addresses that anybody may give out, by a random number of 40 bits. Source: RFC 4193, 3.1. */
const UNIQUE_LOCAL = 0xfdn;
const GLOBAL_ID_BITS = 40n;
const SUBNET_ID_BITS = 16n;
const SUBNET_PREFIX = 64;
const POOL_PREFIX = 48;
const WIDTH = 128n;

/**
 * The /48 that a cluster's networks have their IPv6 subnets from. Its number comes from the cluster's id, which is random: all managers come to
 * the same one, and two clusters hardly ever do.
 */
export function ipv6PoolOf(clusterId: string): Ipv6Range {
  const random = (BigInt(hash32(`${clusterId}/low`)) << 32n) | BigInt(hash32(`${clusterId}/high`));
  const globalId = random & ((1n << GLOBAL_ID_BITS) - 1n);
  return { base: ((UNIQUE_LOCAL << GLOBAL_ID_BITS) | globalId) << (WIDTH - BigInt(POOL_PREFIX)), prefix: POOL_PREFIX };
}

/**
 * A /64 of the pool that overlaps with nothing of `taken`, by preference the one with the number of the network's VXLAN id, which no other network
 * has; `undefined` when there is none.
 */
export function freeSubnet6(pool: Ipv6Range, vni: number, taken: readonly string[]): string | undefined {
  const others = taken.flatMap((text) => parseIpv6Range(text) ?? []);
  const subnets = 1n << SUBNET_ID_BITS;
  for (let tried = 0n; tried < subnets; tried++) {
    const number = (BigInt(vni) + tried) % subnets;
    const subnet = { base: pool.base | (number << (WIDTH - BigInt(SUBNET_PREFIX))), prefix: SUBNET_PREFIX };
    if (!others.some((other) => ipv6RangesOverlap(subnet, other))) return formatIpv6Range(subnet);
  }
  return undefined;
}

/** Both subnets of a network that has IPv6. */
export function subnetsOf({ allocation }: Network): Subnets | undefined {
  return allocation?.subnet6 === undefined ? undefined : { subnet: allocation.subnet, subnet6: allocation.subnet6 };
}
