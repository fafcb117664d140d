import type { NetworkAssignment, NodeDescription } from '@tessera/api';
import type { Clock, Log } from '@tessera/kit';
import type { DnsServer } from '../dns/dns-server.js';
import { type BridgeNetwork, desiredBridge, desiredLink, planLinks, type Underlay } from '../plan/network/links.js';
import { dockerNetworkName, gatewayOf } from '../plan/network/names.js';
import { emptyRuleset, ruleset } from '../plan/network/ruleset.js';
import { buildZone, lookUp, type Zone } from '../plan/network/zone.js';
import type { Bridges, ObservedBridge, PluggedContainer } from '../ports/bridges.js';
import type { KernelNetwork } from '../ports/kernel.js';
import type { NetworkPlug, NetworkState, NodeNetwork } from '../ports/node-network.js';

/** How often the kernel is compared with what it should be, though nothing changed: others may flush tables or routes. */
const REPAIR_INTERVAL_MS = 5_000;

/** What the overlay needs of the discovery server. */
export type Discovery = Pick<DnsServer, 'listenOn' | 'stop'>;

export interface OverlayNetworkOptions {
  /** Address by which the other nodes reach this one. */
  address: string;
  kernel: KernelNetwork;
  bridges: Bridges;
  /** Makes the discovery server, given how it finds the zone of an asker. */
  makeDns(lookupFor: (gateway: string, client: string) => (name: string) => string[] | undefined): Discovery;
  clock: Clock;
  log: Log;
}

const NOTHING: NetworkState = { networks: [], services: [] };

/** The node's part of the overlay: Docker bridges for the blocks, VXLAN between them, one nftables table, and DNS. */
export class OverlayNetwork implements NodeNetwork {
  readonly #options: OverlayNetworkOptions;
  readonly #dns: Discovery;
  #state: NetworkState = NOTHING;
  #zone: Zone = new Map();
  #containers: PluggedContainer[] = [];
  #ruleset = '';
  /** The work under way and the one that waits behind it: of several that wait, only the newest state counts. */
  #running: Promise<void> = Promise.resolve();
  #waiting: Promise<void> | undefined;
  #repair: { cancel(): void } | undefined;
  #stopped = false;

  constructor(options: OverlayNetworkOptions) {
    this.#options = options;
    this.#dns = options.makeDns((gateway, client) => (name) => lookUp(this.#zone, this.#networksOf(gateway, client), name));
  }

  apply(state: NetworkState): Promise<void> {
    this.#state = state;
    // Names need no kernel: they are right at once, whatever else is under way.
    this.#zone = buildZone(state.services);
    return this.#enqueue();
  }

  plug(networkId: string): NetworkPlug {
    const network = this.#state.networks.find((candidate) => candidate.id === networkId);
    if (!network) throw new Error(`network ${networkId} is not set up on this node`);
    return { dockerNetwork: dockerNetworkName(network), dnsServers: [gatewayOf(network.block)] };
  }

  /** What the managers must know of the way to other nodes. @throws Error when no interface has the node's address. */
  async describe(): Promise<Pick<NodeDescription, 'underlayMtu'>> {
    const { mtu } = await this.#options.kernel.underlay(this.#options.address, peerAddresses(this.#state.networks));
    return { underlayMtu: mtu };
  }

  containersChanged(): void {
    void this.#refreshContainers();
  }

  async leave(): Promise<void> {
    this.#state = NOTHING;
    await this.#enqueue();
    await this.stop();
    await this.#options.kernel.applyRuleset(emptyRuleset());
    await this.#options.kernel.closeDockerFirewall();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#repair?.cancel();
    await this.#running.catch(() => {});
    this.#dns.stop();
  }

  #enqueue(): Promise<void> {
    this.#waiting ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#running = this.#waiting as Promise<void>;
        this.#waiting = undefined;
        return this.#reconcile();
      });
    return this.#waiting;
  }

  async #reconcile(): Promise<void> {
    const { kernel } = this.#options;
    const state = this.#state;
    this.#repair?.cancel();
    try {
      const underlay = await kernel.underlay(this.#options.address, peerAddresses(state.networks));
      if (state.networks.length > 0) await kernel.openDockerFirewall();
      await this.#reconcileBridges(state.networks, underlay);
      const links = state.networks.map((network) => desiredLink(network, underlay));
      const steps = planLinks(links, await kernel.links(), underlay);
      if (steps.length > 0) await kernel.applyLinks(steps);
      await this.#reconcileRuleset(state);
      await this.#dns.listenOn(state.networks.map((network) => gatewayOf(network.block)));
      await this.#refreshContainers();
    } finally {
      if (!this.#stopped)
        this.#repair = this.#options.clock.timer(REPAIR_INTERVAL_MS, () => void this.#enqueue().catch((error) => this.#warn(error)));
    }
  }

  async #reconcileBridges(networks: readonly NetworkAssignment[], underlay: Underlay): Promise<void> {
    const { bridges } = this.#options;
    const wanted = networks.map((network) => desiredBridge(network, underlay));
    const observed = await bridges.list();
    const stale = observed.filter(
      (bridge) => !wanted.some((candidate) => isSame(candidate, bridge) && !this.#isOutdated(candidate, bridge)),
    );
    // A network with containers still on it cannot go yet; the next round comes back to it.
    for (const bridge of stale) await bridges.remove(bridge.dockerId).catch((error) => this.#warn(error));
    for (const bridge of wanted) {
      if (!observed.some((candidate) => isSame(bridge, candidate) && !stale.includes(candidate))) await bridges.create(bridge);
    }
    await this.#options.kernel.answerForOthers(wanted.map((bridge) => bridge.bridge));
  }

  /** Containers take the MTU that their network has when they start: it is made anew once it has none. */
  #isOutdated(wanted: BridgeNetwork, observed: ObservedBridge): boolean {
    return wanted.mtu !== observed.mtu && !this.#containers.some(({ networkIds }) => networkIds.includes(wanted.networkId));
  }

  async #reconcileRuleset(state: NetworkState): Promise<void> {
    const { kernel } = this.#options;
    const script = state.networks.length > 0 ? ruleset(state.networks, state.services) : emptyRuleset();
    if (script === this.#ruleset && (state.networks.length === 0 || (await kernel.hasRuleset()))) return;
    await kernel.applyRuleset(script);
    this.#ruleset = script;
  }

  async #refreshContainers(): Promise<void> {
    try {
      this.#containers = await this.#options.bridges.containers();
    } catch (error) {
      this.#warn(error);
    }
  }

  /** Networks that the asker is on: those of its container, or at least the one whose gateway it asked. */
  #networksOf(gateway: string, client: string): string[] {
    const container = this.#containers.find((candidate) => candidate.addresses.includes(client));
    if (container) return container.networkIds;
    return this.#state.networks.filter((network) => gatewayOf(network.block) === gateway).map((network) => network.id);
  }

  #warn(error: unknown): void {
    this.#options.log.warn({ error }, 'network is not yet as it should be');
  }
}

function peerAddresses(networks: readonly NetworkAssignment[]): string[] {
  return [...new Set(networks.flatMap((network) => network.peers.map((peer) => peer.address)))];
}

function isSame(wanted: BridgeNetwork, observed: ObservedBridge): boolean {
  const keys = ['networkId', 'name', 'bridge', 'subnet', 'block'] as const;
  return keys.every((key) => wanted[key] === observed[key]);
}
