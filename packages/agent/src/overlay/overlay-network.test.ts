import assert from 'node:assert/strict';
import { GUARD_TABLE } from '../plan/network/encryption.js';
import { networkOf } from '../testing/builders.js';
import { overlayWorld } from '../testing/overlay-world.js';

describe('the network of a node', () => {
  it('makes bridge, links, rules and discovery of a new network, and tells where containers plug in', async () => {
    const { host, overlay, apply } = overlayWorld();
    await apply(networkOf(7));
    assert.deepEqual(host.done, ['create tessera.shop_net7--7', 'links 5', 'ruleset']);
    assert.deepEqual(host.gateways, ['10.7.1.1']);
    assert.deepEqual(overlay.plug('net7'), { dockerNetwork: 'tessera.shop_net7--7', dnsServers: ['10.7.1.1'] });
    assert.throws(() => overlay.plug('net8'), /net8 is not set up on this node/);
    await overlay.stop();
  });

  it('does nothing when all is as it should be', async () => {
    const { host, overlay, apply } = overlayWorld();
    await apply(networkOf(7));
    host.done.length = 0;
    await apply(networkOf(7));
    assert.deepEqual(host.done, []);
    await overlay.stop();
  });

  it('puts back by itself what others take away', async () => {
    const { host, clock, overlay, apply } = overlayWorld();
    await apply(networkOf(7));
    host.done.length = 0;
    host.tables.clear();
    host.held = [];
    await clock.advance(5_000);
    assert.deepEqual(host.done, ['links 5', 'ruleset']);
    await overlay.stop();
  });

  it('makes a bridge anew whose interface somebody deleted', async () => {
    const { host, clock, overlay, apply } = overlayWorld();
    await apply(networkOf(7));
    host.done.length = 0;
    host.lostLinks.add('tsb7');
    await clock.advance(5_000);
    assert.deepEqual(host.done, ['remove tessera.shop_net7--7', 'create tessera.shop_net7--7']);
    await overlay.stop();
  });

  it('sets the ports of containers that start once for many of them', async () => {
    const { host, overlay, apply, tell } = overlayWorld();
    await apply(networkOf(7));
    const before = host.hairpins;
    for (let count = 0; count < 20; count++) overlay.containersChanged();
    await tell([networkOf(7)]);
    assert.ok(host.hairpins > before && host.hairpins <= before + 3);
    await overlay.stop();
  });

  it('comes back to a network that containers are still on', async () => {
    const { host, clock, overlay, apply } = overlayWorld();
    await apply(networkOf(7));
    host.inUse.add('tessera.shop_net7--7');
    await apply();
    assert.equal(host.networks.length, 1);
    host.inUse.clear();
    await clock.advance(5_000);
    assert.equal(host.networks.length, 0);
    await overlay.stop();
  });

  it('makes a bridge anew when the block of the node has changed', async () => {
    const { host, overlay, apply } = overlayWorld();
    await apply(networkOf(7));
    host.done.length = 0;
    await apply(networkOf(7, { block: '10.7.9.0/24' }));
    assert.deepEqual(host.done.slice(0, 2), ['remove tessera.shop_net7--7', 'create tessera.shop_net7--7']);
    await overlay.stop();
  });

  it('makes a bridge anew for another MTU once no container is on it', async () => {
    const { host, overlay, apply } = overlayWorld();
    await apply(networkOf(7));
    host.containers = [{ networks: ['tessera.shop_net7--7'], addresses: ['10.7.1.5'] }];
    await apply(networkOf(7));
    host.done.length = 0;
    await apply(networkOf(7, { mtu: 1230 }));
    assert.deepEqual(host.linkSteps, [{ tool: 'ip', line: 'link set tsv7 mtu 1230' }]);
    assert.deepEqual(host.done, ['links 1']);
    host.containers = [];
    await apply(networkOf(7, { mtu: 1230 }));
    host.done.length = 0;
    await apply(networkOf(7, { mtu: 1230 }));
    assert.deepEqual(host.done, ['remove tessera.shop_net7--7', 'create tessera.shop_net7--7']);
    assert.equal(host.networks[0]?.mtu, 1230);
    await overlay.stop();
  });

  it('of several states that wait carries out only the last', async () => {
    const { host, overlay, tell } = overlayWorld();
    const states = [networkOf(7), networkOf(8), networkOf(9)].map((one) => tell([one]));
    await Promise.all(states);
    assert.deepEqual(
      host.networks.map((one) => one.name),
      ['tessera.shop_net9--9'],
    );
    await overlay.stop();
  });

  it('puts internal networks last in the order in which Docker looks for the way out', async () => {
    const { host, overlay, apply } = overlayWorld();
    await apply(networkOf(7, { name: 'a_inner', internal: true }), networkOf(8, { name: 'z_outer' }));
    assert.deepEqual(host.networks.map((one) => one.name).sort(), ['tessera.z_outer--8', 'tessera_a_inner--7']);
    await overlay.stop();
  });

  it('sends an encrypted network through the tunnel, behind a guard', async () => {
    const { host, overlay, apply } = overlayWorld();
    const peers = [{ nodeId: 'n2', address: '192.0.2.12', block: '10.7.2.0/24', publicKey: 'KEY' }];
    await apply(networkOf(7, { encrypted: true, peers }));
    assert.deepEqual(host.tunnelHeld, {
      mtu: 1440,
      addresses: ['10.7.1.0'],
      peers: [{ publicKey: 'KEY', endpoint: '192.0.2.12', addresses: ['10.7.2.0'] }],
    });
    assert.ok(host.guards.has(GUARD_TABLE));
    const lines = host.linkSteps.map(({ line }) => line);
    assert.match(lines[0] ?? '', /mtu 1390 type vxlan id 7 dstport 4789 local 10.7.1.0 dev tsw0/);
    assert.ok(lines.some((line) => line.startsWith('fdb replace') && line.includes('dst 10.7.2.0 self')));
    await apply();
    assert.deepEqual([host.tunnelHeld, host.guards.size], [undefined, 0]);
    await overlay.stop();
  });

  it('gives an encrypted network no link at all while there is no tunnel, and others theirs', async () => {
    const { host, overlay, tell } = overlayWorld();
    host.tunnelFailure = new Error('no WireGuard');
    await tell([networkOf(7, { encrypted: true }), networkOf(8)]);
    assert.ok(host.linkSteps.length > 0 && host.linkSteps.every(({ line }) => !line.includes('tsv7')));
    assert.ok(host.guards.has(GUARD_TABLE));
    await overlay.stop();
  });

  it('leaves nothing behind when the node leaves', async () => {
    const { host, clock, overlay, apply } = overlayWorld();
    await apply(networkOf(7));
    await overlay.leave();
    assert.deepEqual([host.networks.length, host.tables.size, host.gateways.length, clock.pending], [0, 0, 0, 0]);
    assert.equal(host.done.at(-1), 'close firewall');
  });
});
