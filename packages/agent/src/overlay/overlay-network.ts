import type { NetworkAssignment, NodeDescription, ServiceEndpoints } from '@tessera/api';
import type { Clock, Log } from '@tessera/kit';
import type { Lookup } from '../dns/answer.js';
import type { DnsServer } from '../dns/dns-server.js';
import { sameItems } from '../model/same-items.js';
import { ServiceBook, type ServiceChange } from '../model/service-change.js';
import { FAMILIES, IPV6 } from '../plan/network/family.js';
import { type BridgeNetwork, desiredBridge, desiredLink, planLinks } from '../plan/network/links.js';
import { dockerNetworkName, gatewayOf } from '../plan/network/names.js';
import { desiredNeighbours } from '../plan/network/neighbours.js';
import { PublishedNetworks, planReturns } from '../plan/network/returns.js';
import type { Underlay } from '../plan/network/underlay.js';
import { Zone } from '../plan/network/zone.js';
import type { Bridges, ObservedBridge } from '../ports/bridges.js';
import type { KernelNetwork } from '../ports/kernel.js';
import type { NeighbourProxy } from '../ports/neighbour-proxy.js';
import { type NetworkChange, NetworkIncomplete, type NetworkPlug, type NodeNetwork } from '../ports/node-network.js';
import type { TunnelDevice } from '../ports/tunnel.js';
import { AppliedTables } from './applied-tables.js';
import { Backends, type IsGone } from './backends.js';
import { Coalesced } from './coalesced.js';
import { drained } from './drained.js';
import { Encryption } from './encryption.js';
import { Plugs } from './plugs.js';

/** How often the kernel is compared with what it should be, though nothing changed: others may flush tables or routes. */
const REPAIR_INTERVAL_MS = 5_000;

/** Flows to tasks that are gone are looked for again after this. */
const FLOW_LOOK_MS = 1_000;

/** As many addresses of IPv6 as a node tells: the protocol's limit. */
const MAX_ADDRESSES = 16;

/** What the overlay needs of the discovery server. */
export type Discovery = Pick<DnsServer, 'listenOn' | 'stop'>;

export interface OverlayNetworkOptions {
  /** Address by which the other nodes reach this one. */
  address: string;
  kernel: KernelNetwork;
  bridges: Bridges;
  tunnel: TunnelDevice;
  neighbours: NeighbourProxy;
  /** Makes the discovery server, given how it finds the zone of an asker. */
  makeDns(lookupFor: (gateway: string, client: string) => Lookup): Discovery;
  clock: Clock;
  log: Log;
}

/** The node's part of the overlay: Docker bridges for the blocks, VXLAN between them, one nftables table, and DNS. */
export class OverlayNetwork implements NodeNetwork {
  readonly #options: OverlayNetworkOptions;
  readonly #dns: Discovery;
  readonly #tables: AppliedTables;
  readonly #plugs: Plugs;
  readonly #encryption: Encryption;
  readonly #zone = new Zone();
  readonly #backends = new Backends();
  readonly #published = new PublishedNetworks();
  readonly #services = new ServiceBook();
  /** Addresses that lately ceased to be balanced over: flows to them are looked for once more. */
  #gone: IsGone | undefined;
  #flowLook: { cancel(): void } | undefined;
  readonly #work = new Coalesced(() => this.#reconcile());
  #networks: readonly NetworkAssignment[] = [];
  /** What was told of services and is not worked off yet. */
  #told = new Map<string, ServiceEndpoints | undefined>();
  /** Networks that have a link to other nodes: encrypted ones only while there is a tunnel. */
  #carried: readonly NetworkAssignment[] = [];
  /** Networks that were found or made right in the last round. `undefined`: not known, or something of them failed. */
  #settled: readonly NetworkAssignment[] | undefined;
  /** What the ways back were last planned for. */
  #returns: { networks: readonly NetworkAssignment[] | undefined; published: string } | undefined;
  /** A Docker network is to go, or to be made anew, once the last container has left it. */
  #isOneInUse = false;
  /** The next round compares what others may have touched with what it should be. */
  #lookDue = false;
  #repair: { cancel(): void } | undefined;
  #stopped = false;

  constructor(options: OverlayNetworkOptions) {
    const { kernel, bridges, log } = options;
    this.#options = options;
    this.#tables = new AppliedTables(kernel, log, options.address);
    this.#encryption = new Encryption(options);
    this.#plugs = new Plugs({ kernel, bridges, log, networks: () => this.#networks });
    this.#dns = options.makeDns((gateway, client) => (name) => this.#zone.lookUp(this.#plugs.networksOf(gateway, client), name));
  }

  apply({ networks, services }: NetworkChange): Promise<void> {
    this.#networks = networks;
    for (const [id, service] of services) this.#told.set(id, service);
    return this.#work.request();
  }

  plug(networkId: string): NetworkPlug {
    const network = this.#networks.find((candidate) => candidate.id === networkId);
    if (!network) throw new Error(`network ${networkId} is not set up on this node`);
    return { dockerNetwork: dockerNetworkName(network), dnsServers: [gatewayOf(network.block)] };
  }

  /** What the managers must know of the way to other nodes. @throws Error when no interface has the node's address. */
  async describe(): Promise<Pick<NodeDescription, 'underlayMtu' | 'encryption' | 'ipv6'>> {
    const { kernel, tunnel, neighbours } = this.#options;
    const [{ mtu, device }, encryption, hasIpv6] = await Promise.all([
      this.#underlay(this.#networks),
      tunnel.describe(),
      neighbours.isAvailable(),
    ]);
    const addresses = hasIpv6 ? await kernel.ipv6Addresses(device) : [];
    return {
      underlayMtu: mtu,
      ...(encryption && { encryption }),
      ...(hasIpv6 && { ipv6: { addresses: addresses.sort().slice(0, MAX_ADDRESSES) } }),
    };
  }

  drained(addresses: readonly string[], limitMs: number, signal: AbortSignal): Promise<void> {
    return drained({ ...this.#options, addresses, limitMs, signal });
  }

  containersChanged(): void {
    void this.#plugs.refresh();
  }

  async leave(): Promise<void> {
    await this.apply({ networks: [], services: new Map([...this.#services.ids].map((id) => [id, undefined])) });
    await this.stop();
    await this.#tables.remove();
    await this.#options.kernel.closeDockerFirewall();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#repair?.cancel();
    await this.#work.idle();
    this.#flowLook?.cancel();
    this.#dns.stop();
  }

  /** Services come and go far more often than networks: where those are as they were, nothing of them is looked at. */
  async #reconcile(): Promise<void> {
    const networks = this.#networks;
    const services = this.#takeTold();
    try {
      const failures = await failuresOf(this.#settle(networks));
      // An engine that does not answer must not keep clients with tasks that are gone.
      await this.#balance(networks, services);
      await this.#forgetFlows(networks);
      failures.push(...(await failuresOf(this.#reconcileReturns())));
      for (const failure of failures) throw new NetworkIncomplete(failure.message, { cause: failure });
    } finally {
      this.#armRepair();
    }
  }

  #takeTold(): ServiceChange[] {
    const changes = this.#services.take(this.#told);
    this.#told = new Map();
    this.#backends.change(changes);
    this.#published.change(changes);
    return changes;
  }

  /** Names of new virtual addresses follow the kernel, so that none leads to one that it does not balance yet; others need not wait for it. */
  async #balance(networks: readonly NetworkAssignment[], services: readonly ServiceChange[]): Promise<void> {
    this.#zone.changeKnown(services);
    await this.#tables.bring(networks, services).finally(() => this.#zone.change(services));
  }

  async #settle(networks: readonly NetworkAssignment[]): Promise<void> {
    if (this.#lookDue) await this.#look();
    if (!this.#settled || !sameItems(this.#settled, networks)) await this.#reconcileNetworks(networks);
  }

  async #reconcileNetworks(networks: readonly NetworkAssignment[]): Promise<void> {
    this.#settled = undefined;
    const underlay = await this.#underlay(networks);
    await this.#openFirewalls(networks);
    await this.#reconcileBridges(networks, underlay);
    await this.#reconcileLinks(networks, underlay);
    await this.#dns.listenOn(networks.map((network) => gatewayOf(network.block)));
    await this.#plugs.refresh();
    this.#settled = networks;
  }

  async #openFirewalls(networks: readonly NetworkAssignment[]): Promise<void> {
    const { kernel } = this.#options;
    if (networks.length > 0) await kernel.openDockerFirewall();
    if (networks.some(IPV6.carries)) await kernel.forwardIpv6();
  }

  async #reconcileBridges(networks: readonly NetworkAssignment[], underlay: Underlay): Promise<void> {
    const { bridges, kernel, neighbours } = this.#options;
    const wanted = networks.map((network) => desiredBridge(network, underlay));
    const observed = await bridges.list();
    const present = new Set(await kernel.bridges());
    // An entry of the engine without its interface is of no use: someone deleted the link.
    const kept = observed.filter(
      (bridge) => present.has(bridge.bridge) && wanted.some((one) => isSame(one, bridge) && !this.#isOutdated(one, bridge)),
    );
    this.#isOneInUse = kept.some((bridge) => wanted.some((one) => isSame(one, bridge) && one.mtu !== bridge.mtu));
    const isKept = ({ bridge }: { bridge: string }): boolean => kept.some((one) => one.bridge === bridge);
    await neighbours.apply(desiredNeighbours(networks).filter(isKept));
    for (const bridge of observed.filter((one) => !kept.includes(one)))
      await bridges.remove(bridge.dockerId).catch((error) => {
        this.#isOneInUse = true;
        this.#warn(error);
      });
    for (const bridge of wanted) if (!kept.some((candidate) => isSame(bridge, candidate))) await bridges.create(bridge);
    await kernel.answerForOthers(wanted.map((bridge) => bridge.bridge));
    await kernel.trustGateways(wanted);
  }

  /** Containers take the MTU that their network has when they start: it is made anew once it has none. */
  #isOutdated(wanted: BridgeNetwork, observed: ObservedBridge): boolean {
    return wanted.mtu !== observed.mtu && !this.#plugs.isUsed(observed.name);
  }

  async #reconcileLinks(networks: readonly NetworkAssignment[], underlay: Underlay): Promise<void> {
    const { kernel, neighbours } = this.#options;
    this.#carried = await this.#encryption.apply(networks, underlay);
    const links = this.#carried.map((network) => desiredLink(network, underlay));
    const steps = planLinks(links, await kernel.links());
    if (steps.length > 0) await kernel.applyLinks(steps);
    await kernel.takeForeignSources(links);
    await neighbours.apply(desiredNeighbours(networks));
    this.#returns = undefined;
  }

  /** A flow of datagrams never ends by itself, and a first packet is sent again to the same task: both would stay with one that is gone. */
  async #forgetFlows(networks: readonly NetworkAssignment[]): Promise<void> {
    const isGone = this.#backends.takeGone(networks);
    if (!isGone) return;
    const earlier = this.#gone;
    this.#gone = earlier ? (address) => earlier(address) || isGone(address) : isGone;
    await this.#forgetFlowsTo(isGone);
    this.#flowLook ??= this.#options.clock.timer(FLOW_LOOK_MS, () => void this.#lookForFlows());
  }

  async #forgetFlowsTo(isGone: IsGone): Promise<void> {
    const families = FAMILIES.filter((family) => this.#networks.some(family.carries));
    await this.#options.kernel.forgetFlows(families, isGone).catch((error) => this.#warn(error));
  }

  /** The kernel's list is no moment's picture while flows come and go: a flow that it left out would be lost for good. */
  async #lookForFlows(): Promise<void> {
    const gone = this.#gone;
    this.#gone = undefined;
    this.#flowLook = undefined;
    if (gone) await this.#forgetFlowsTo(this.#backends.unserved(gone));
  }

  /** Ways back are looked at with the links, and when networks begin or cease to publish ports. */
  async #reconcileReturns(): Promise<void> {
    const published = this.#published.ids;
    const key = [...published].sort().join();
    if (this.#returns?.networks === this.#settled && this.#returns?.published === key) return;
    const { kernel } = this.#options;
    const steps = planReturns(this.#carried, published, await kernel.returnRules());
    if (steps.length > 0) await kernel.applyLinks(steps);
    this.#returns = { networks: this.#settled, published: key };
  }

  #armRepair(): void {
    this.#repair?.cancel();
    if (this.#stopped) return;
    this.#repair = this.#options.clock.timer(REPAIR_INTERVAL_MS, () => {
      this.#lookDue = true;
      this.#work.request().catch((error) => this.#warn(error));
    });
  }

  /** Only what differs costs more than a look. */
  async #look(): Promise<void> {
    const networks = this.#settled;
    this.#lookDue = false;
    await this.#tables.look();
    if (!networks || (networks.length === 0 && !this.#isOneInUse)) return;
    this.#settled = undefined;
    if (this.#isOneInUse) return;
    const { kernel } = this.#options;
    const underlay = await this.#underlay(networks);
    await this.#openFirewalls(networks);
    const present = new Set(await kernel.bridges());
    if (networks.some((network) => !present.has(desiredBridge(network, underlay).bridge))) return;
    await this.#reconcileLinks(networks, underlay);
    await this.#plugs.refresh();
    this.#settled = networks;
  }

  #underlay(networks: readonly NetworkAssignment[]): Promise<Underlay> {
    return this.#options.kernel.underlay(this.#options.address, peerAddresses(networks));
  }

  #warn(error: unknown): void {
    this.#options.log.warn({ error }, 'network is not yet as it should be');
  }
}

function failuresOf(work: Promise<void>): Promise<Error[]> {
  return work.then(
    () => [],
    (error: Error) => [error],
  );
}

function peerAddresses(networks: readonly NetworkAssignment[]): string[] {
  return [...new Set(networks.flatMap((network) => network.peers.map((peer) => peer.address)))];
}

function isSame(wanted: BridgeNetwork, observed: ObservedBridge): boolean {
  const keys = ['networkId', 'name', 'bridge', 'subnet', 'block'] as const;
  const isSameIpv6 = wanted.ipv6?.subnet === observed.ipv6?.subnet && wanted.ipv6?.block === observed.ipv6?.block;
  return isSameIpv6 && keys.every((key) => wanted[key] === observed[key]);
}
