import type { NetworkAssignment } from '@tessera/api';
import { vxlanAddressOf } from '../encryption.js';
import { bridgeName, gatewayOf, hardwareAddressOf, markOf, vxlanName, zoneOf } from '../names.js';
import type { Fragment } from './fragment.js';

/** What the table knows of one network: its interfaces, who may send from them, and what they may reach. */
export function networkFragment(network: NetworkAssignment): Fragment {
  const [bridge, vxlan] = [`"${bridgeName(network.vni)}"`, `"${vxlanName(network.vni)}"`];
  const gateway = gatewayOf(network.block);
  return {
    chains: {},
    clientMaps: {},
    elements: {
      overlay: [network.subnet],
      vipnets: network.vips === undefined ? [] : [network.vips],
      interfaces: [bridge, vxlan],
      internal: network.internal ? [bridge] : [],
      apart: network.hubs ? [bridge] : [],
      hubs: network.hubs ?? [],
      pairs: [`${bridge} . ${bridge}`, `${bridge} . ${vxlan}`, `${vxlan} . ${bridge}`],
      sources: [`${bridge} . ${network.block}`, ...network.peers.map((peer) => `${vxlan} . ${peer.block}`)],
      members: [`${network.subnet} . ${bridge}`, `${network.subnet} . ${vxlan}`],
      // Internal networks have no published ports, so that nobody from outside comes in by them.
      vteps: network.internal ? [] : network.peers.map(({ block }) => `${vxlan} . ${hardwareAddressOf(block)} : ${markOf(block)}`),
      zones: network.internal
        ? []
        : network.peers.map(({ block }) => `${vxlan} . ${hardwareAddressOf(block)} : ${zoneOf(network.subnet, block)}`),
      returns: network.internal ? [] : network.peers.map(({ block }) => `${bridge} . ${markOf(block)}`),
      own: network.peers.map((peer) => `${peer.address} . ${peer.block}`),
      gateways: [`${bridge} : ${gateway}`, `${vxlan} : ${gateway}`],
    },
  };
}

/** What concerns all networks together: a peer may share several of them. @param address of the node itself, as its peers know it */
export function nodeFragment(networks: readonly NetworkAssignment[], address: string): Fragment {
  const peers = new Set(networks.flatMap((network) => network.peers.flatMap((peer) => vxlanAddressOf(network, peer) ?? [])));
  return { chains: {}, clientMaps: {}, elements: { self: [address], peers: [...peers] } };
}
