import { formatRange, type Ipv4Range, parseRange, rangeSize, rangesOverlap } from '@tessera/api';

/**
 * Addresses of one node on one network: a /24 holds 253 containers. A user's own subnet is cut into 16 blocks at least,
 * so that it serves several nodes; blocks under /29 would hold next to nothing.
 */
const BLOCK_PREFIX = { widest: 24, narrowest: 29 };
const BLOCKS_PER_SUBNET_BITS = 4;
/** Virtual addresses of services are the top sixteenth of a subnet, and one block at least. */
const VIP_SHARE_BITS = 4;
/** A subnet of fewer blocks (/28, /29) has none: half of it would be lost for containers. */
const LEAST_BLOCKS_WITH_VIPS = 4;
/** A network that names no subnet of its own has so many blocks at least, those of virtual addresses among them, so that the cluster may grow. */
const LEAST_BLOCKS = 64;
/** Of each block: the address that stands for the node among its peers, the gateway, and the subnet's broadcast address. */
const RESERVED_ADDRESSES = 3;

/** How a subnet is divided among nodes and services. */
export interface Division {
  range: Ipv4Range;
  /** Prefix length of a block. */
  prefix: number;
  /** Blocks that nodes may have. */
  blocks: number;
  /** Containers that one block has addresses for. */
  perBlock: number;
  /** What virtual addresses come from, above all blocks. Absent: the subnet is too small, and names of services stand for their tasks. */
  vips?: Ipv4Range;
}

/** `undefined` when the text is no subnet. */
export function divisionOf(subnet: string): Division | undefined {
  const range = parseRange(subnet);
  if (!range) return undefined;
  const prefix = blockPrefix(range);
  const vips = vipRange(range, prefix);
  const blocks = ((vips?.base ?? range.base + rangeSize(range.prefix)) - range.base) / rangeSize(prefix);
  return { range, prefix, blocks, perBlock: Math.max(0, rangeSize(prefix) - RESERVED_ADDRESSES), ...(vips && { vips }) };
}

function vipRange(subnet: Ipv4Range, blockPrefix: number): Ipv4Range | undefined {
  if (2 ** (blockPrefix - subnet.prefix) < LEAST_BLOCKS_WITH_VIPS) return undefined;
  const prefix = Math.min(subnet.prefix + VIP_SHARE_BITS, blockPrefix);
  return { base: subnet.base + rangeSize(subnet.prefix) - rangeSize(prefix), prefix };
}

/** All blocks of a subnet that nodes may have, lowest first. */
export function* blocksOf({ range, prefix, blocks }: Division): Generator<string> {
  for (let index = 0; index < blocks; index++) yield formatRange({ base: range.base + index * rangeSize(prefix), prefix });
}

/**
 * The lowest part of the pool that nothing of `taken` overlaps, large enough for twice the nodes that there are;
 * `undefined` when there is none.
 * @param pool range in CIDR form
 */
export function freeSubnet(pool: string, taken: readonly Ipv4Range[], nodes: number): string | undefined {
  const range = parseRange(pool);
  if (!range) return undefined;
  const prefix = chosenPrefix(range, nodes);
  for (let base = range.base; base < range.base + rangeSize(range.prefix); base += rangeSize(prefix)) {
    if (!taken.some((other) => rangesOverlap(other, { base, prefix }))) return formatRange({ base, prefix });
  }
  return undefined;
}

/** Prefix length of the subnets that are cut from the pool in a cluster of so many nodes. */
export function chosenPrefix(pool: Ipv4Range, nodes: number): number {
  const blocks = Math.max(LEAST_BLOCKS, 2 * nodes);
  return Math.max(pool.prefix, BLOCK_PREFIX.widest - Math.ceil(Math.log2(blocks)));
}

function blockPrefix(range: Ipv4Range): number {
  const cut = Math.min(BLOCK_PREFIX.narrowest, Math.max(BLOCK_PREFIX.widest, range.prefix + BLOCKS_PER_SUBNET_BITS));
  return Math.max(cut, range.prefix);
}
