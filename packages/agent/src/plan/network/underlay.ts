import { parseIpv4, parseRange, rangeSize } from '@tessera/api';

/** What the node is on the underlay. */
export interface Underlay {
  /** Address by which peers reach this node. */
  address: string;
  /** Interface that holds the address. */
  device: string;
  mtu: number;
}

/** A route of the host, as far as it bounds packets: `dst` in CIDR form, one address, or `default`. */
export interface HostRoute {
  dst: string;
  dev: string;
  /** Set by an administrator, or by a tunnel that the route leads into. */
  mtu?: number;
}

/**
 * Largest packet in bytes that leaves the host in one piece toward all of `peers`: what the interface with the node's address
 * carries, or less where the way to a peer leads through a narrower interface or its route says less.
 * @param mtuOf MTU of an interface; `undefined` for one that is not there
 */
export function underlayMtu(
  ownMtu: number,
  peers: readonly string[],
  routes: readonly HostRoute[],
  mtuOf: (device: string) => number | undefined,
): number {
  let least = ownMtu;
  for (const peer of peers) {
    const route = routeTo(peer, routes);
    if (route) least = Math.min(least, route.mtu ?? least, mtuOf(route.dev) ?? least);
  }
  return least;
}

/** The longest prefix wins, as in the kernel. */
function routeTo(peer: string, routes: readonly HostRoute[]): HostRoute | undefined {
  const address = parseIpv4(peer);
  if (address === undefined) return undefined;
  let best: { route: HostRoute; prefix: number } | undefined;
  for (const route of routes) {
    const range = parseRange(route.dst === 'default' ? '0.0.0.0/0' : route.dst.includes('/') ? route.dst : `${route.dst}/32`);
    const matches = range && address >= range.base && address < range.base + rangeSize(range.prefix);
    if (matches && range.prefix > (best?.prefix ?? -1)) best = { route, prefix: range.prefix };
  }
  return best?.route;
}
