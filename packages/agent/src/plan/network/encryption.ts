import { type NetworkAssignment, WIREGUARD_OVERHEAD } from '@tessera/api';
import { inOrder, nextHopOf } from './names.js';
import type { Underlay } from './underlay.js';

/** The node's one WireGuard interface: the underlay of all its encrypted networks. */
export const TUNNEL = 'tsw0';
/** UDP port that it listens on. */
export const TUNNEL_PORT = 24_789;
/** nftables table of the guard: apart from the others, so that whatever becomes of them, nothing goes in the clear. */
export const GUARD_TABLE = 'tessera-guard';

/** Another node behind the tunnel. */
export interface TunnelPeer {
  publicKey: string;
  /** Address on the underlay. */
  endpoint: string;
  /** Addresses inside of the tunnel that are this peer's: one for each encrypted network. */
  addresses: string[];
}

/** The tunnel as it should be or as it is. */
export interface Tunnel {
  mtu: number;
  /** This node's own key, as the managers tell the others; absent when they do not know it yet. */
  publicKey?: string;
  /** This node's own addresses inside of it. */
  addresses: string[];
  peers: TunnelPeer[];
}

/** The tunnel that encrypted networks need; `undefined` when there is no such network. */
export function desiredTunnel(networks: readonly NetworkAssignment[], underlay: Underlay): Tunnel | undefined {
  const encrypted = networks.filter((network) => network.encrypted);
  if (encrypted.length === 0) return undefined;
  const publicKey = encrypted.find((network) => network.publicKey !== undefined)?.publicKey;
  const peers = new Map<string, TunnelPeer>();
  for (const { publicKey: key, address, block } of encrypted.flatMap((network) => network.peers)) {
    if (key === undefined) continue;
    const peer = peers.get(key);
    if (peer) peer.addresses.push(nextHopOf(block));
    else peers.set(key, { publicKey: key, endpoint: address, addresses: [nextHopOf(block)] });
  }
  return {
    mtu: underlay.mtu - WIREGUARD_OVERHEAD,
    ...(publicKey !== undefined && { publicKey }),
    addresses: encrypted.map((network) => nextHopOf(network.block)).sort(),
    peers: [...peers.values()]
      .map((peer) => ({ ...peer, addresses: peer.addresses.sort() }))
      .sort((a, b) => (a.publicKey < b.publicKey ? -1 : 1)),
  };
}

/** Where the VXLAN of a network runs: on the host's own underlay or, for an encrypted one, inside of the tunnel. */
export function underlayOf(network: NetworkAssignment, underlay: Underlay): Underlay {
  if (!network.encrypted) return underlay;
  return { address: nextHopOf(network.block), device: TUNNEL, mtu: underlay.mtu - WIREGUARD_OVERHEAD };
}

/** Where a peer's VXLAN is reached; `undefined` for one that cannot be reached encrypted though it must be. */
export function vxlanAddressOf(network: NetworkAssignment, peer: NetworkAssignment['peers'][number]): string | undefined {
  if (!network.encrypted) return peer.address;
  return peer.publicKey === undefined ? undefined : nextHopOf(peer.block);
}

/** For `wg setconf` and `wg syncconf`. The key is secret: hand it over on standard input only. */
export function tunnelConfig({ peers }: Tunnel, privateKey: string): string {
  const sections = peers.map(({ publicKey, endpoint, addresses }) => [
    '[Peer]',
    `PublicKey = ${publicKey}`,
    `Endpoint = ${endpoint}:${TUNNEL_PORT}`,
    `AllowedIPs = ${addresses.map((address) => `${address}/32`).join(', ')}`,
  ]);
  return [['[Interface]', `PrivateKey = ${privateKey}`, `ListenPort = ${TUNNEL_PORT}`], ...sections].flat().join('\n').concat('\n');
}

/**
 * Drops VXLAN packets of encrypted networks anywhere but in the tunnel, both ways: when the tunnel is gone, nothing goes or comes in the
 * clear. The VXLAN id is the 24 bits behind UDP's 8 bytes and VXLAN's 4 of flags.
 */
export function guardRuleset(networks: readonly NetworkAssignment[], vxlanPort: number): string {
  const ids = inOrder(networks.filter((network) => network.encrypted)).map((network) => `0x${network.vni.toString(16)}`);
  const [tunnelled, drop] = [`udp dport ${vxlanPort}`, `@th,96,24 { ${ids.join(', ')} } counter drop`];
  const chains = [
    '  chain out {',
    '    type filter hook output priority mangle - 10; policy accept;',
    `    ${tunnelled} oifname != "${TUNNEL}" ${drop} comment "never in the clear"`,
    '  }',
    '  chain in {',
    '    type filter hook prerouting priority raw - 10; policy accept;',
    `    ${tunnelled} iifname != "${TUNNEL}" ${drop} comment "not from the tunnel"`,
    '  }',
  ];
  const table = ids.length === 0 ? [] : [`table ip ${GUARD_TABLE} {`, ...chains, '}'];
  return [`table ip ${GUARD_TABLE}`, `delete table ip ${GUARD_TABLE}`, ...table, ''].join('\n');
}
