import assert from 'node:assert/strict';
import type { NetworkAssignment, NetworkPeer } from '@tessera/api';
import { networkOf } from '../../testing/builders.js';
import { desiredTunnel, guardRuleset, tunnelConfig, vxlanAddressOf } from './encryption.js';
import { desiredLink, overlayMtu } from './links.js';
import type { Underlay } from './underlay.js';

const underlay: Underlay = { address: '192.0.2.11', device: 'eth0', mtu: 1500 };

function peer(number: number, vni: number, publicKey?: string): NetworkPeer {
  return { nodeId: `n${number}`, address: `192.0.2.1${number}`, block: `10.${vni}.${number}.0/24`, ...(publicKey && { publicKey }) };
}

function network(vni: number, encrypted: boolean, peers: NetworkPeer[]): NetworkAssignment {
  return networkOf(vni, { peers, ...(encrypted && { encrypted: true as const }) });
}

describe('the tunnel of encrypted networks', () => {
  it('is not there without any', () => assert.equal(desiredTunnel([network(7, false, [peer(2, 7)])], underlay), undefined));

  it('has each node once, with its address on each of the networks', () =>
    assert.deepEqual(
      desiredTunnel(
        [network(8, true, [peer(2, 8, 'B'), peer(3, 8, 'A')]), network(7, true, [peer(2, 7, 'B')]), network(9, false, [peer(2, 9)])],
        underlay,
      ),
      {
        mtu: 1440,
        addresses: ['10.7.1.0', '10.8.1.0'],
        peers: [
          { publicKey: 'A', endpoint: '192.0.2.13', addresses: ['10.8.3.0'] },
          { publicKey: 'B', endpoint: '192.0.2.12', addresses: ['10.7.2.0', '10.8.2.0'] },
        ],
      },
    ));

  it('is told which key the others know of this node', () => {
    const secret = { ...network(7, true, []), publicKey: 'OWN' };
    assert.equal(desiredTunnel([network(8, true, []), secret], underlay)?.publicKey, 'OWN');
  });

  it('knows no way to a node whose key it does not know: not even the plain one', () => {
    const secret = network(7, true, [peer(2, 7)]);
    assert.deepEqual(desiredTunnel([secret], underlay)?.peers, []);
    assert.equal(vxlanAddressOf(secret, peer(2, 7)), undefined);
    assert.deepEqual(desiredLink(secret, underlay).peers, []);
  });

  it('leaves less room in each packet', () => {
    assert.equal(overlayMtu(network(7, true, []), underlay), 1390);
    assert.equal(overlayMtu(network(7, false, []), underlay), 1450);
  });

  it('is told to wg with the key, endpoints and addresses', () =>
    assert.equal(
      tunnelConfig(
        { mtu: 1440, addresses: [], peers: [{ publicKey: 'B', endpoint: '192.0.2.12', addresses: ['10.7.2.0', '10.8.2.0'] }] },
        'SECRET',
      ),
      `[Interface]
PrivateKey = SECRET
ListenPort = 24789
[Peer]
PublicKey = B
Endpoint = 192.0.2.12:24789
AllowedIPs = 10.7.2.0/32, 10.8.2.0/32
`,
    ));
});

describe('the guard of encrypted networks', () => {
  it('drops their VXLAN outside of the tunnel, both ways, and no other', () => {
    const script = guardRuleset([network(0x540001, true, []), network(7, true, []), network(9, false, [])], 4789);
    assert.match(script, /hook output .*\n {4}udp dport 4789 oifname != "tsw0" @th,96,24 \{ 0x7, 0x540001 \} counter drop/);
    assert.match(script, /hook prerouting .*\n {4}udp dport 4789 iifname != "tsw0" @th,96,24 \{ 0x7, 0x540001 \} counter drop/);
  });

  it('goes with the last of them', () =>
    assert.equal(guardRuleset([network(9, false, [])], 4789), 'table ip tessera-guard\ndelete table ip tessera-guard\n'));
});
