import assert from 'node:assert/strict';
import type { NetworkAssignment } from '@tessera/api';
import fc from 'fast-check';
import { networkOf, peersOf } from '../../testing/builders.js';
import { desiredLink, type LinkStep, type OverlayLink, planLinks } from './links.js';
import type { Underlay } from './underlay.js';

const underlay: Underlay = { address: '192.0.2.11', device: 'eth0', mtu: 1500 };

function network(vni: number, peers: number[] = [2]): NetworkAssignment {
  return networkOf(vni, {
    subnet: '10.128.0.0/9',
    block: `10.128.${vni % 250}.0/24`,
    peers: peersOf(129, ...peers),
  });
}

const lines = (steps: LinkStep[]): string[] => steps.map((step) => `${step.tool} ${step.line}`);

describe('planning the links of the overlay', () => {
  it('makes device, next hop, forwarding entry and route of a new network', () => {
    assert.deepEqual(lines(planLinks([desiredLink(network(7), underlay)], [])), [
      'ip link add tsv7 address 02:54:0a:80:07:00 mtu 1450 type vxlan id 7 dstport 4789 local 192.0.2.11 dev eth0 nolearning',
      'ip link set tsv7 up',
      'ip neigh replace 10.129.2.0 lladdr 02:54:0a:81:02:00 dev tsv7 nud permanent',
      'ip route replace 10.129.2.0/24 via 10.129.2.0 dev tsv7 src 10.128.7.1 onlink',
      'bridge fdb replace 02:54:0a:81:02:00 dev tsv7 dst 192.0.2.12 self permanent',
    ]);
  });

  it('makes the routes of IPv6 beside, with a next hop on the link, since the bridge has a route to all of the subnet', () => {
    const dual = desiredLink({ ...network(7), subnet6: 'fd00:0:0:7::/64' }, underlay);
    assert.deepEqual(
      lines(planLinks([dual], [])).filter((line) => line.startsWith('ip6')),
      [
        'ip6 route replace fd00:0:0:7::/105 dev tsv7 src fd00:0:0:7::701 metric 100',
        'ip6 route replace fd00:0:0:7::700/120 dev tsb7 metric 100',
        'ip6 neigh replace fe80::a81:200 lladdr 02:54:0a:81:02:00 dev tsv7 nud permanent',
        'ip6 route replace fd00::7:0:0:1:200/120 via fe80::a81:200 dev tsv7 src fd00:0:0:7::701 metric 100 onlink',
      ],
    );
    assert.deepEqual(planLinks([dual], [dual]), []);
    const halfMade = { ...dual, peers: dual.peers.map(({ ipv6: _, ...peer }) => peer) };
    assert.ok(lines(planLinks([dual], [halfMade])).some((line) => line.startsWith('ip6 route replace fd00::7:0:0:1:200/120')));
    const { ipv6: _, ...routeless } = dual;
    assert.equal(lines(planLinks([dual], [routeless])).filter((line) => line.includes('route replace')).length, 2);
  });

  it('gives the steps of many peers to few programs', () => {
    const steps = planLinks([desiredLink({ ...network(7, [2, 3, 4, 5]), subnet6: 'fd00:0:0:7::/64' }, underlay)], []);
    assert.equal(steps.filter(({ tool }, at) => tool !== steps[at - 1]?.tool).length, 5);
  });

  it('routes virtual addresses to the device, where the bridge may answer for them', () => {
    const withVips = desiredLink({ ...network(7), vips: '10.255.240.0/20' }, underlay);
    assert.ok(lines(planLinks([withVips], [])).includes('ip route replace 10.255.240.0/20 dev tsv7 src 10.128.7.1'));
    assert.deepEqual(planLinks([withVips], [withVips]), []);
    assert.deepEqual(lines(planLinks([desiredLink(network(7), underlay)], [withVips])), ['ip route flush 10.255.240.0/20 dev tsv7']);
  });

  it('touches only the peers that came, went or moved', () => {
    const before = desiredLink(network(7, [2, 3]), underlay);
    const steps = lines(planLinks([desiredLink(network(7, [3, 4]), underlay)], [before]));
    assert.equal(steps.length, 6);
    assert.ok(steps.every((step) => !step.includes('10.129.3.0')));
    assert.equal(steps[0], 'ip route flush 10.129.2.0/24 dev tsv7');
  });

  it('makes a device anew when its own settings differ', () => {
    const before = { ...desiredLink(network(7), underlay), localAddress: '192.0.2.99' };
    assert.equal(lines(planLinks([desiredLink(network(7), underlay)], [before]))[0], 'ip link delete tsv7');
  });

  it('changes an MTU without cutting the device off', () => {
    const before = { ...desiredLink(network(7), underlay), mtu: 1400 };
    assert.deepEqual(lines(planLinks([desiredLink(network(7), underlay)], [before])), ['ip link set tsv7 mtu 1450']);
  });

  it("goes by the network's MTU, and by its own underlay where that is narrower", () => {
    const mtuOf = (mtu: number | undefined, underlayMtu: number): number =>
      desiredLink({ ...network(7), ...(mtu !== undefined && { mtu }) }, { ...underlay, mtu: underlayMtu }).mtu;
    assert.deepEqual([mtuOf(undefined, 1500), mtuOf(1230, 1500), mtuOf(1450, 1280)], [1450, 1230, 1230]);
  });

  it('takes away the device of a network that is gone', () => {
    assert.deepEqual(lines(planLinks([], [desiredLink(network(7), underlay)])), ['ip link delete tsv7']);
  });

  it('plans nothing on its own result', () => {
    const networks = fc.uniqueArray(fc.integer({ min: 1, max: 200 }), { maxLength: 5 });
    const peers = fc.uniqueArray(fc.integer({ min: 2, max: 9 }), { maxLength: 4 });
    fc.assert(
      fc.property(networks, peers, networks, peers, (vnis, fromPeers, laterVnis, toPeers) => {
        const before = vnis.map((vni) => desiredLink(network(vni, fromPeers), underlay));
        const after = laterVnis.map((vni) => desiredLink(network(vni, toPeers), underlay));
        const result = carryOut(before, planLinks(after, before), after);
        assert.deepEqual(planLinks(after, result), []);
      }),
    );
  });
});

/** A model of the kernel that understands the lines: devices by name, and peers made of three entries. */
function carryOut(before: OverlayLink[], steps: LinkStep[], known: OverlayLink[]): OverlayLink[] {
  const devices = new Map(before.map((link) => [link.vxlan, { ...link, peers: [...link.peers] }]));
  for (const { tool, line } of steps) {
    const words = line.split(' ');
    const device = devices.get(words[words.indexOf('dev') + 1] ?? '');
    if (line.startsWith('link delete')) devices.delete(words[2] as string);
    else if (line.startsWith('link add')) {
      const wanted = known.find((link) => link.vxlan === words[2]) as OverlayLink;
      devices.set(wanted.vxlan, { ...wanted, peers: [] });
    } else if (line.startsWith('route flush') && device) device.peers = device.peers.filter((peer) => peer.block !== words[2]);
    else if (line.startsWith('route replace') && device) {
      const wanted = known.find((link) => link.vxlan === device.vxlan)?.peers.find((peer) => peer.block === words[2]);
      if (wanted) device.peers = [...device.peers, wanted].sort((a, b) => a.block.localeCompare(b.block));
    } else assert.match(`${tool} ${line}`, /^(ip link set|ip neigh|bridge fdb)/);
  }
  return [...devices.values()];
}
