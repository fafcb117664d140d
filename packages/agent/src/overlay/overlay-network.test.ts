import assert from 'node:assert/strict';
import type { NetworkAssignment, ServiceEndpoints } from '@tessera/api';
import { silentLog, VirtualClock } from '@tessera/kit';
import type { Lookup } from '../dns/answer.js';
import { GUARD_TABLE, type Tunnel } from '../plan/network/encryption.js';
import type { LinkStep, OverlayLink } from '../plan/network/links.js';
import { desiredLink } from '../plan/network/links.js';
import type { NeighbourRange } from '../plan/network/neighbours.js';
import type { ReturnWay } from '../plan/network/returns.js';
import type { Underlay } from '../plan/network/underlay.js';
import type { Bridges, ObservedBridge, PluggedContainer } from '../ports/bridges.js';
import type { KernelNetwork } from '../ports/kernel.js';
import type { NeighbourProxy } from '../ports/neighbour-proxy.js';
import { NetworkIncomplete } from '../ports/node-network.js';
import type { TunnelDevice } from '../ports/tunnel.js';
import { networkOf } from '../testing/builders.js';
import { type Discovery, OverlayNetwork } from './overlay-network.js';

const underlay: Underlay = { address: '192.0.2.11', device: 'eth0', mtu: 1500 };

/** A kernel, an engine and a DNS server that do what they are told and write it down. */
class FakeHost {
  readonly done: string[] = [];
  tables = new Set<string>();
  linkSteps: LinkStep[] = [];
  held: OverlayLink[] = [];
  networks: ObservedBridge[] = [];
  inUse = new Set<string>();
  /** Bridges whose interface somebody deleted. */
  lostLinks = new Set<string>();
  containers: PluggedContainer[] = [];
  gateways: readonly string[] = [];
  lookupFor: (gateway: string, client: string) => Lookup = () => () => undefined;
  scripts: string[] = [];
  refusesNext = false;
  established = 0;
  /** Addresses that flows go to, and those that were forgotten. */
  flowsTo: string[] = [];
  forgotten: string[] = [];
  rules: ReturnWay[] = [];
  hairpins = 0;

  readonly kernel: KernelNetwork = {
    underlay: async () => underlay,
    ipv6Addresses: async () => ['2001:db8::11'],
    links: async () => this.held,
    applyLinks: async (steps) => {
      this.done.push(`links ${steps.length}`);
      this.linkSteps = [...steps];
    },
    bridges: async () => this.networks.filter((one) => !this.lostLinks.has(one.bridge)).map((one) => one.bridge),
    returnRules: async () => this.rules,
    takeForeignSources: async () => {},
    answerForOthers: async () => {},
    trustGateways: async () => {},
    connections: async () => this.established,
    forgetFlows: async (_families, isGone) => void this.forgotten.push(...this.flowsTo.filter(isGone)),
    allowHairpin: async () => void this.hairpins++,
    applyRuleset: async (script) => {
      if (script.includes(GUARD_TABLE)) {
        if (script.includes('chain')) this.guards.add(GUARD_TABLE);
        else this.guards.delete(GUARD_TABLE);
        return;
      }
      if (this.refusesNext) {
        this.refusesNext = false;
        throw new Error('nft -f -: File exists');
      }
      this.done.push(script.includes('chain forward') ? 'ruleset' : script.includes('delete table') ? 'no ruleset' : 'change');
      this.scripts.push(script);
      if (script.includes('delete table')) this.tables = script.includes('chain forward') ? new Set(['tessera']) : new Set();
    },
    hasRuleset: async () => this.tables.has('tessera'),
    hasTable: async (name) => this.guards.has(name),
    openDockerFirewall: async () => {},
    forwardIpv6: async () => void this.done.push('forward IPv6'),
    closeDockerFirewall: async () => void this.done.push('close firewall'),
  };

  readonly guards = new Set<string>();
  tunnelFailure: Error | undefined;
  tunnelHeld: Tunnel | undefined;
  readonly tunnel: TunnelDevice = {
    describe: async () => undefined,
    apply: async (tunnel) => {
      if (this.tunnelFailure) throw this.tunnelFailure;
      this.tunnelHeld = tunnel;
    },
    remove: async () => void (this.tunnelHeld = undefined),
  };

  answersFor: readonly NeighbourRange[] = [];
  readonly neighbours: NeighbourProxy = {
    isAvailable: async () => true,
    apply: async (ranges) => void (this.answersFor = ranges),
  };

  readonly bridges: Bridges = {
    list: async () => this.networks,
    create: async ({ name, networkId, bridge, subnet, block, ipv6, mtu }) => {
      this.done.push(`create ${name}`);
      this.networks = [...this.networks, { dockerId: name, name, networkId, bridge, subnet, block, ...(ipv6 && { ipv6 }), mtu }];
    },
    remove: async (dockerId) => {
      if (this.inUse.has(dockerId)) throw new Error('has active endpoints');
      this.done.push(`remove ${dockerId}`);
      for (const one of this.networks) if (one.dockerId === dockerId) this.lostLinks.delete(one.bridge);
      this.networks = this.networks.filter((one) => one.dockerId !== dockerId);
    },
    containers: async () => this.containers,
  };

  makeDns(lookupFor: FakeHost['lookupFor']): Discovery {
    this.lookupFor = lookupFor;
    return {
      listenOn: async (gateways: readonly string[]) => void (this.gateways = gateways),
      stop: () => void (this.gateways = []),
    };
  }
}

function setUp() {
  const host = new FakeHost();
  const clock = new VirtualClock();
  const overlay = new OverlayNetwork({
    address: underlay.address,
    kernel: host.kernel,
    bridges: host.bridges,
    tunnel: host.tunnel,
    neighbours: host.neighbours,
    makeDns: (lookupFor) => host.makeDns(lookupFor),
    clock,
    log: silentLog,
  });
  const apply = async (...networks: NetworkAssignment[]): Promise<void> => {
    await overlay.apply({ networks, services: [] });
    host.held = networks.map((one) => desiredLink(one, underlay));
  };
  return { host, clock, overlay, apply };
}

const service = (id: string, networkId: string, address: string): ServiceEndpoints => ({
  id: `${id}n${networkId}`,
  serviceId: id,
  serviceName: id,
  shortName: id,
  networkId,
  aliases: [],
  endpointMode: 'vip',
  vip: `10.${networkId.slice(3)}.240.1`,
  ports: [],
  ingress: [],
  endpoints: [{ taskId: 't', nodeId: 'n1', address }],
});

describe('the network of a node', () => {
  it('makes bridge, links, rules and discovery of a new network, and tells where containers plug in', async () => {
    const { host, overlay, apply } = setUp();
    await apply(networkOf(7));
    assert.deepEqual(host.done, ['create tessera.shop_net7--7', 'links 5', 'ruleset']);
    assert.deepEqual(host.gateways, ['10.7.1.1']);
    assert.deepEqual(overlay.plug('net7'), { dockerNetwork: 'tessera.shop_net7--7', dnsServers: ['10.7.1.1'] });
    assert.throws(() => overlay.plug('net8'), /net8 is not set up on this node/);
    await overlay.stop();
  });

  it('does nothing when all is as it should be', async () => {
    const { host, overlay, apply } = setUp();
    await apply(networkOf(7));
    host.done.length = 0;
    await apply(networkOf(7));
    assert.deepEqual(host.done, []);
    await overlay.stop();
  });

  it('puts back by itself what others take away', async () => {
    const { host, clock, overlay, apply } = setUp();
    await apply(networkOf(7));
    host.done.length = 0;
    host.tables.clear();
    host.held = [];
    await clock.advance(5_000);
    assert.deepEqual(host.done, ['links 5', 'ruleset']);
    await overlay.stop();
  });

  it('makes a bridge anew whose interface somebody deleted', async () => {
    const { host, clock, overlay, apply } = setUp();
    await apply(networkOf(7));
    host.done.length = 0;
    host.lostLinks.add('tsb7');
    await clock.advance(5_000);
    assert.deepEqual(host.done, ['remove tessera.shop_net7--7', 'create tessera.shop_net7--7']);
    await overlay.stop();
  });

  it('touches only the service that changed, and nothing of links and bridges', async () => {
    const { host, overlay } = setUp();
    const networks = [networkOf(7)];
    const [web, db] = [service('web', 'net7', '10.7.1.9'), service('db', 'net7', '10.7.1.8')];
    await overlay.apply({ networks, services: [web, db] });
    host.held = networks.map((one) => desiredLink(one, underlay));
    host.done.length = 0;
    await overlay.apply({ networks, services: [web, service('db', 'net7', '10.7.2.4')] });
    assert.deepEqual(host.done, ['change']);
    assert.doesNotMatch(host.scripts.at(-1) ?? '', /10\.7\.1\.9/);
    assert.match(host.scripts.at(-1) ?? '', /dnat ip to 10\.7\.2\.4/);
    await overlay.stop();
  });

  it('forgets the flows of tasks that take no traffic any more, and no others', async () => {
    const { host, overlay } = setUp();
    const networks = [networkOf(7)];
    const [web, db] = [service('web', 'net7', '10.7.1.9'), service('db', 'net7', '10.7.1.8')];
    await overlay.apply({ networks, services: [web, db] });
    host.flowsTo = ['10.7.1.9', '10.7.1.8', '192.0.2.77'];
    await overlay.apply({ networks, services: [web, service('db', 'net7', '10.7.2.4')] });
    assert.deepEqual(host.forgotten, ['10.7.1.8']);
    await overlay.stop();
  });

  it('looks once more a little later for flows to tasks that are gone, unless another one has the address by then', async () => {
    const { host, overlay, clock } = setUp();
    const networks = [networkOf(7)];
    await overlay.apply({ networks, services: [service('a', 'net7', '10.7.1.8'), service('b', 'net7', '10.7.1.9')] });
    await overlay.apply({ networks, services: [] });
    await overlay.apply({ networks, services: [service('c', 'net7', '10.7.1.9')] });
    host.flowsTo = ['10.7.1.8', '10.7.1.9'];
    await clock.advance(1_000);
    assert.deepEqual(host.forgotten, ['10.7.1.8']);
    await overlay.stop();
  });

  it('forgets at its start the flows of tasks that went while the agent was away', async () => {
    const { host, overlay } = setUp();
    host.flowsTo = ['10.7.1.9', '10.7.1.8', '192.0.2.77'];
    await overlay.apply({ networks: [], services: [] });
    await overlay.apply({ networks: [networkOf(7)], services: [service('web', 'net7', '10.7.1.9')] });
    assert.deepEqual(host.forgotten, ['10.7.1.8']);
    await overlay.stop();
  });

  it('balances as it should also while the engine does not answer', async () => {
    const { host, overlay } = setUp();
    await overlay.apply({ networks: [networkOf(7)], services: [service('web', 'net7', '10.7.1.9')] });
    host.bridges.list = async () => Promise.reject(new Error('the engine does not answer'));
    await assert.rejects(overlay.apply({ networks: [networkOf(7)], services: [service('web', 'net7', '10.7.2.4')] }), NetworkIncomplete);
    assert.match(host.scripts.at(-1) ?? '', /dnat ip to 10\.7\.2\.4/);
    await overlay.stop();
  });

  it('loads the whole table when the kernel refuses a change', async () => {
    const { host, overlay } = setUp();
    const networks = [networkOf(7)];
    await overlay.apply({ networks, services: [] });
    host.done.length = 0;
    host.refusesNext = true;
    await overlay.apply({ networks, services: [service('web', 'net7', '10.7.1.9')] });
    assert.deepEqual(host.done, ['ruleset']);
    await overlay.stop();
  });

  it('sets the ports of containers that start once for many of them', async () => {
    const { host, overlay, apply } = setUp();
    await apply(networkOf(7));
    const before = host.hairpins;
    for (let count = 0; count < 20; count++) overlay.containersChanged();
    await overlay.apply({ networks: [networkOf(7)], services: [] });
    assert.ok(host.hairpins > before && host.hairpins <= before + 3);
    await overlay.stop();
  });

  it('comes back to a network that containers are still on', async () => {
    const { host, clock, overlay, apply } = setUp();
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
    const { host, overlay, apply } = setUp();
    await apply(networkOf(7));
    host.done.length = 0;
    await apply(networkOf(7, { block: '10.7.9.0/24' }));
    assert.deepEqual(host.done.slice(0, 2), ['remove tessera.shop_net7--7', 'create tessera.shop_net7--7']);
    await overlay.stop();
  });

  it('makes a bridge anew for another MTU once no container is on it', async () => {
    const { host, overlay, apply } = setUp();
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
    const { host, overlay } = setUp();
    const states = [networkOf(7), networkOf(8), networkOf(9)].map((one) => overlay.apply({ networks: [one], services: [] }));
    await Promise.all(states);
    assert.deepEqual(
      host.networks.map((one) => one.name),
      ['tessera.shop_net9--9'],
    );
    await overlay.stop();
  });

  it('puts internal networks last in the order in which Docker looks for the way out', async () => {
    const { host, overlay, apply } = setUp();
    await apply(networkOf(7, { name: 'a_inner', internal: true }), networkOf(8, { name: 'z_outer' }));
    assert.deepEqual(host.networks.map((one) => one.name).sort(), ['tessera.z_outer--8', 'tessera_a_inner--7']);
    await overlay.stop();
  });

  it('answers a container for all networks that it is on, and a stranger for the one it asks in', async () => {
    const { host, overlay } = setUp();
    host.containers = [{ networks: ['tessera.shop_net7--7', 'tessera.shop_net8--8', 'bridge'], addresses: ['10.7.1.5', '10.8.1.5'] }];
    await overlay.apply({
      networks: [networkOf(7), networkOf(8)],
      services: [service('web', 'net7', '10.7.1.9'), service('db', 'net8', '10.8.1.9')],
    });
    const names = (client: string) => host.lookupFor('10.7.1.1', client);
    assert.deepEqual(names('10.7.1.5')('tasks.db')?.addresses, ['10.8.1.9']);
    assert.equal(names('10.7.1.77')('db'), undefined);
    assert.deepEqual(names('10.7.1.77')('web')?.addresses, ['10.7.240.1']);
    await overlay.stop();
  });

  it('sends an encrypted network through the tunnel, behind a guard', async () => {
    const { host, overlay, apply } = setUp();
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
    const { host, overlay } = setUp();
    host.tunnelFailure = new Error('no WireGuard');
    await overlay.apply({ networks: [networkOf(7, { encrypted: true }), networkOf(8)], services: [] });
    assert.ok(host.linkSteps.length > 0 && host.linkSteps.every(({ line }) => !line.includes('tsv7')));
    assert.ok(host.guards.has(GUARD_TABLE));
    await overlay.stop();
  });

  it('leaves nothing behind when the node leaves', async () => {
    const { host, clock, overlay, apply } = setUp();
    await apply(networkOf(7));
    await overlay.leave();
    assert.deepEqual([host.networks.length, host.tables.size, host.gateways.length, clock.pending], [0, 0, 0, 0]);
    assert.equal(host.done.at(-1), 'close firewall');
  });
});
