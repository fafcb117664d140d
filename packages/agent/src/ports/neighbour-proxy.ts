import type { NeighbourRange } from '../plan/network/neighbours.js';

/**
 * Tells containers where IPv6 addresses are that other nodes or nobody but a table has: their packets come to this node then, as proxy ARP makes
 * those of IPv4 come. The kernel can do so for single addresses alone.
 */
export interface NeighbourProxy {
  /** Whether the host can do it. */
  isAvailable(): Promise<boolean>;
  /** Answers on these bridges for these ranges, and on no others of the agent's. Does nothing where that is so. */
  apply(ranges: readonly NeighbourRange[]): Promise<void>;
}
