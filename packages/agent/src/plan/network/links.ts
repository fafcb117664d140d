import { type NetworkAssignment, VXLAN_OVERHEAD } from '@tessera/api';
import { underlayOf, vxlanAddressOf } from './encryption.js';
import { IPV6 } from './family.js';
import { bridgeName, dockerNetworkName, gatewayOf, hardwareAddressOf, nextHop6Of, nextHopOf, vxlanName } from './names.js';
import type { Underlay } from './underlay.js';

/** VXLAN's own port (IANA). */
export const VXLAN_PORT = 4789;

/** A peer's block as the kernel must know it: a route to it, its next hop's hardware address and where that one is reached. */
export interface PeerEntry {
  block: string;
  nextHop: string;
  hardwareAddress: string;
  peerAddress: string;
  /** Of networks with IPv6. */
  ipv6?: { block: string; nextHop: string };
}

/** The node's own routes of a network's IPv6. */
export interface Ipv6Routes {
  /** All that Tessera gives out of the subnet, virtual addresses too: by the VXLAN device, unless a narrower route says otherwise. */
  range: string;
  /** This node's own block: by the bridge. */
  block: string;
  /** Source address for what the node itself sends into the network. */
  gateway: string;
}

/** Before the kernel's own routes of a bridge's subnet (256), also where that is as narrow as ours. */
export const IPV6_METRIC = 100;

/** The kernel's side of one network, as it should be or as it is. */
export interface OverlayLink {
  vxlan: string;
  vni: number;
  hardwareAddress: string;
  mtu: number;
  localAddress: string;
  /** Interface that the packets leave by. */
  device: string;
  /** Source address for what the node itself sends into the network. */
  gateway: string;
  /**
   * Virtual addresses, routed here: so the bridge answers for them to containers (proxy ARP), and what is balanced to no task
   * comes to the rules that refuse it.
   */
  vips?: string;
  ipv6?: Ipv6Routes;
  peers: PeerEntry[];
}

const TOOLS = ['ip', 'ip6', 'bridge'] as const;

/** One change of the kernel's links, as a line of `ip -batch`, `ip -6 -batch` or `bridge -batch`. */
export interface LinkStep {
  tool: (typeof TOOLS)[number];
  line: string;
}

/**
 * The network's MTU as the manager found it over all members, or less when this node's own underlay has become narrower since:
 * the manager hears of that a little later.
 */
export function overlayMtu(network: NetworkAssignment, hostUnderlay: Underlay): number {
  const room = underlayOf(network, hostUnderlay).mtu - VXLAN_OVERHEAD;
  return Math.min(network.mtu ?? room, room);
}

/** How the kernel should know a network. */
export function desiredLink(network: NetworkAssignment, hostUnderlay: Underlay): OverlayLink {
  const underlay = underlayOf(network, hostUnderlay);
  const ipv6 = IPV6.carries(network) ? IPV6.addressing(network) : undefined;
  const peers = network.peers.flatMap((peer) => {
    const peerAddress = vxlanAddressOf(network, peer);
    if (peerAddress === undefined) return [];
    return [
      {
        block: peer.block,
        nextHop: nextHopOf(peer.block),
        hardwareAddress: hardwareAddressOf(peer.block),
        peerAddress,
        ...(ipv6 && { ipv6: { block: ipv6.blockOf(peer), nextHop: nextHop6Of(peer.block) } }),
      },
    ];
  });
  return {
    vxlan: vxlanName(network.vni),
    vni: network.vni,
    hardwareAddress: hardwareAddressOf(network.block),
    mtu: overlayMtu(network, hostUnderlay),
    localAddress: underlay.address,
    device: underlay.device,
    gateway: gatewayOf(network.block),
    ...(network.vips !== undefined && { vips: network.vips }),
    ...(ipv6 && { ipv6: { range: ipv6.range, block: ipv6.block, gateway: ipv6.gateway } }),
    peers: peers.sort((a, b) => a.block.localeCompare(b.block)),
  };
}

/**
 * Steps from the links that are to those that should be. A device whose own settings differ is made anew, but for its MTU; peers are
 * compared one by one, so that a change costs what changed. Links that are right give no step.
 */
export function planLinks(desired: readonly OverlayLink[], observed: readonly OverlayLink[]): LinkStep[] {
  const observedByName = new Map(observed.map((link) => [link.vxlan, link]));
  const wanted = new Set(desired.map((link) => link.vxlan));
  const steps = observed.filter((link) => !wanted.has(link.vxlan)).map(removeLink);
  for (const link of desired) {
    const before = observedByName.get(link.vxlan);
    if (before && sameDevice(before, link))
      steps.push(
        ...planMtu(link, before),
        ...planVips(link, before.vips),
        ...planIpv6(link, before.ipv6),
        ...planPeers(link, before.peers),
      );
    else {
      if (before) steps.push(removeLink(before));
      steps.push(...addLink(link), ...planVips(link, undefined), ...planIpv6(link, undefined), ...planPeers(link, []));
    }
  }
  return steps;
}

function sameDevice(a: OverlayLink, b: OverlayLink): boolean {
  return a.vni === b.vni && a.hardwareAddress === b.hardwareAddress && a.localAddress === b.localAddress && a.device === b.device;
}

/** Changed while packets flow: containers that still send larger ones are told by the node (path MTU discovery). */
function planMtu({ vxlan, mtu }: OverlayLink, before: OverlayLink): LinkStep[] {
  return mtu === before.mtu ? [] : [{ tool: 'ip', line: `link set ${vxlan} mtu ${mtu}` }];
}

function removeLink(link: OverlayLink): LinkStep {
  return { tool: 'ip', line: `link delete ${link.vxlan}` };
}

function addLink(link: OverlayLink): LinkStep[] {
  const { vxlan, vni, hardwareAddress, mtu, localAddress, device } = link;
  return [
    {
      tool: 'ip',
      line: `link add ${vxlan} address ${hardwareAddress} mtu ${mtu} type vxlan id ${vni} dstport ${VXLAN_PORT} local ${localAddress} dev ${device} nolearning`,
    },
    { tool: 'ip', line: `link set ${vxlan} up` },
  ];
}

function planVips({ vxlan, gateway, vips }: OverlayLink, before: string | undefined): LinkStep[] {
  if (vips === before) return [];
  return [
    ...(before === undefined ? [] : [{ tool: 'ip' as const, line: `route flush ${before} dev ${vxlan}` }]),
    ...(vips === undefined ? [] : [{ tool: 'ip' as const, line: `route replace ${vips} dev ${vxlan} src ${gateway}` }]),
  ];
}

function planIpv6({ vxlan, vni, ipv6 }: OverlayLink, before: Ipv6Routes | undefined): LinkStep[] {
  if (ipv6?.range === before?.range && ipv6?.block === before?.block) return [];
  const bridge = bridgeName(vni);
  return [
    ...(before ? [ip6(`route flush ${before.range} dev ${vxlan}`), ip6(`route flush ${before.block} dev ${bridge}`)] : []),
    ...(ipv6
      ? [
          ip6(`route replace ${ipv6.range} dev ${vxlan} src ${ipv6.gateway} metric ${IPV6_METRIC}`),
          ip6(`route replace ${ipv6.block} dev ${bridge} metric ${IPV6_METRIC}`),
        ]
      : []),
  ];
}

function planPeers(link: OverlayLink, observed: readonly PeerEntry[]): LinkStep[] {
  const key = (peer: PeerEntry): string => JSON.stringify(peer);
  const have = new Set(observed.map(key));
  const want = new Set(link.peers.map(key));
  return [
    ...inBatches(observed.filter((peer) => !want.has(key(peer))).map((peer) => removePeer(link, peer))),
    ...inBatches(link.peers.filter((peer) => !have.has(key(peer))).map((peer) => addPeer(link, peer))),
  ];
}

/** Steps of several peers, those of the same tool together: their order does not matter within one peer. */
function inBatches(peers: readonly LinkStep[][]): LinkStep[] {
  const steps = peers.flat();
  return TOOLS.flatMap((tool) => steps.filter((step) => step.tool === tool));
}

/** `replace` and `flush` succeed whatever part of the entry is there already, so a half-made peer is mended as well. */
function addPeer({ vxlan, gateway, ipv6 }: OverlayLink, peer: PeerEntry): LinkStep[] {
  return [
    ...(peer.ipv6 && ipv6
      ? [
          ip6(`neigh replace ${peer.ipv6.nextHop} lladdr ${peer.hardwareAddress} dev ${vxlan} nud permanent`),
          ip6(`route replace ${peer.ipv6.block} via ${peer.ipv6.nextHop} dev ${vxlan} src ${ipv6.gateway} metric ${IPV6_METRIC} onlink`),
        ]
      : []),
    { tool: 'ip', line: `neigh replace ${peer.nextHop} lladdr ${peer.hardwareAddress} dev ${vxlan} nud permanent` },
    { tool: 'bridge', line: `fdb replace ${peer.hardwareAddress} dev ${vxlan} dst ${peer.peerAddress} self permanent` },
    { tool: 'ip', line: `route replace ${peer.block} via ${peer.nextHop} dev ${vxlan} src ${gateway} onlink` },
  ];
}

function removePeer({ vxlan }: OverlayLink, peer: PeerEntry): LinkStep[] {
  return [
    ...(peer.ipv6
      ? [ip6(`route flush ${peer.ipv6.block} dev ${vxlan}`), ip6(`neigh flush to ${peer.ipv6.nextHop} dev ${vxlan} nud permanent`)]
      : []),
    { tool: 'ip', line: `route flush ${peer.block} dev ${vxlan}` },
    { tool: 'ip', line: `neigh flush to ${peer.nextHop} dev ${vxlan} nud permanent` },
    { tool: 'bridge', line: `fdb delete ${peer.hardwareAddress} dev ${vxlan} dst ${peer.peerAddress} self` },
  ];
}

function ip6(line: string): LinkStep {
  return { tool: 'ip6', line };
}

/**
 * The Docker network that gives out addresses of this node's block. Its containers take the whole subnet for on-link,
 * so that one with several networks sends through the right one; for what is on other nodes, the node answers their
 * ARP requests (proxy ARP) and routes.
 */
export interface BridgeNetwork extends BridgeAddresses {
  name: string;
  networkId: string;
  bridge: string;
  /** Absent: the network has no IPv6. */
  ipv6?: BridgeAddresses;
  mtu: number;
}

export interface BridgeAddresses {
  subnet: string;
  block: string;
  gateway: string;
}

export function desiredBridge(network: NetworkAssignment, underlay: Underlay): BridgeNetwork {
  return {
    name: dockerNetworkName(network),
    networkId: network.id,
    bridge: bridgeName(network.vni),
    subnet: network.subnet,
    block: network.block,
    gateway: gatewayOf(network.block),
    ...(IPV6.carries(network) && { ipv6: bridgeAddresses(network) }),
    mtu: overlayMtu(network, underlay),
  };
}

function bridgeAddresses(network: NetworkAssignment): BridgeAddresses {
  const { subnet, block, gateway } = IPV6.addressing(network);
  return { subnet, block, gateway };
}
