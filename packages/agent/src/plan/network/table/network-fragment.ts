import type { NetworkAssignment } from '@tessera/api';
import { vxlanAddressOf } from '../encryption.js';
import type { Addressing, Family } from '../family.js';
import { bridgeName, hardwareAddressOf, markOf, vxlanName, zoneOf } from '../names.js';
import type { Fragment } from './fragment.js';

/** Before the name of an interface: the chain that its packets are checked in. */
const CHECK_PREFIX = 'from-';

/** What the table knows of one network: its interfaces, who may send from them, and what they may reach. */
export function networkFragment(network: NetworkAssignment, family: Family): Fragment {
  const addressing = family.addressing(network);
  const [bridge, vxlan] = [`"${bridgeName(network.vni)}"`, `"${vxlanName(network.vni)}"`];
  const { subnet, gateway, vips } = addressing;
  const checks = sourceChecks(network, addressing, family);
  return {
    chains: checks,
    clientMaps: {},
    elements: {
      overlay: [subnet],
      vipnets: vips === undefined ? [] : [vips],
      interfaces: [bridge, vxlan],
      internal: network.internal ? [bridge] : [],
      apart: network.hubs ? [bridge] : [],
      hubs: network.hubs?.filter(family.has) ?? [],
      pairs: [`${bridge} . ${bridge}`, `${bridge} . ${vxlan}`, `${vxlan} . ${bridge}`],
      checks: Object.keys(checks).map((chain) => `"${chain.slice(CHECK_PREFIX.length)}" : goto ${chain}`),
      members: [`${subnet} . ${bridge}`, `${subnet} . ${vxlan}`],
      // Internal networks have no published ports, so that nobody from outside comes in by them.
      vteps: network.internal ? [] : network.peers.map(({ block }) => `${vxlan} . ${hardwareAddressOf(block)} : ${markOf(block)}`),
      zones: network.internal
        ? []
        : network.peers.map(({ block }) => `${vxlan} . ${hardwareAddressOf(block)} : ${zoneOf(network.subnet, block)}`),
      returns: network.internal ? [] : network.peers.map(({ block }) => `${bridge} . ${markOf(block)}`),
      own: network.peers.flatMap((peer) => family.hostsOf(peer).map((address) => `${address} . ${addressing.blockOf(peer)}`)),
      gateways: [`${bridge} : ${gateway}`, `${vxlan} : ${gateway}`],
    },
  };
}

/** Chains by interface: who may send from it. */
function sourceChecks(
  network: NetworkAssignment,
  { block, blockOf }: Addressing,
  { name: ip, discovery }: Family,
): Record<string, readonly string[]> {
  const refuse = 'counter drop comment "spoofed source"';
  const peers = network.peers.map(blockOf).join(', ');
  // A client may have connections from one port through several nodes: the kernel must tell them apart, and gives one of them another port.
  const client = `${ip} saddr != @overlay ct original zone set iifname . ether saddr map @zones accept comment "clients that came in through a peer"`;
  const accepted = [...(peers === '' ? [] : [`${ip} saddr { ${peers} } accept`]), ...(network.internal ? [] : [client])];
  const local = discovery ? [`${ip} saddr ${discovery.sources} accept comment "neighbours"`] : [];
  return {
    [`${CHECK_PREFIX}${bridgeName(network.vni)}`]: [`${ip} saddr ${block} accept`, ...local, refuse],
    [`${CHECK_PREFIX}${vxlanName(network.vni)}`]: [...accepted, refuse],
  };
}

/**
 * What concerns all networks together: a peer may share several of them. Nodes know each other by IPv4.
 * @param address of the node itself, as its peers know it
 */
export function nodeFragment(networks: readonly NetworkAssignment[], address: string): Fragment {
  const peers = new Set(networks.flatMap((network) => network.peers.flatMap((peer) => vxlanAddressOf(network, peer) ?? [])));
  return { chains: {}, clientMaps: {}, elements: { self: [address], peers: [...peers] } };
}
