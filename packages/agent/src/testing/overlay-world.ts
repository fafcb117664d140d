import type { NetworkAssignment, ServiceEndpoints } from '@tessera/api';
import { silentLog, VirtualClock } from '@tessera/kit';
import type { Lookup } from '../dns/answer.js';
import { type Discovery, OverlayNetwork } from '../overlay/overlay-network.js';
import { GUARD_TABLE, type Tunnel } from '../plan/network/encryption.js';
import type { LinkStep, OverlayLink } from '../plan/network/links.js';
import { desiredLink } from '../plan/network/links.js';
import type { NeighbourRange } from '../plan/network/neighbours.js';
import type { ReturnWay } from '../plan/network/returns.js';
import type { Underlay } from '../plan/network/underlay.js';
import type { Bridges, ObservedBridge, PluggedContainer } from '../ports/bridges.js';
import type { KernelNetwork } from '../ports/kernel.js';
import type { NeighbourProxy } from '../ports/neighbour-proxy.js';
import type { TunnelDevice } from '../ports/tunnel.js';

export const underlay: Underlay = { address: '192.0.2.11', device: 'eth0', mtu: 1500 };

/** A kernel, an engine and a DNS server that do what they are told and write it down. */
export class FakeHost {
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
  /** So many rulesets from now on. */
  refuses = 0;
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
      if (this.refuses > 0) {
        this.refuses--;
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

/** A node's network on a host that does what it is told. */
export function overlayWorld() {
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
  let told: readonly ServiceEndpoints[] = [];
  /** Tells what is other than before. */
  const tell = (networks: readonly NetworkAssignment[], services: readonly ServiceEndpoints[] = []): Promise<void> => {
    const changes = new Map<string, ServiceEndpoints | undefined>(told.map(({ id }) => [id, undefined]));
    for (const service of services) changes.set(service.id, service);
    for (const service of services) if (told.includes(service)) changes.delete(service.id);
    told = services;
    return overlay.apply({ networks, services: changes });
  };
  const apply = async (...networks: NetworkAssignment[]): Promise<void> => {
    await tell(networks);
    host.held = networks.map((one) => desiredLink(one, underlay));
  };
  return { host, clock, overlay, apply, tell };
}

/** A service on a network `net<number>` with one task. */
export const serviceOn = (id: string, networkId: string, address: string): ServiceEndpoints => ({
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
