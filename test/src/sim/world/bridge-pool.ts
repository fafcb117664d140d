import type { NetworkChange, NodeNetwork } from '@tessera/agent/ports/node-network';
import { formatRange, type NetworkAssignment, parseRange, rangeSize, type ServiceEndpoints } from '@tessera/api';
import { type Clock, sleep } from '@tessera/kit';

const APPLY_MS = 20;
const HOST_PREFIX = 32;

interface Bridge {
  block: string;
  /** Containers by their address. */
  taken: Map<string, string>;
  last: number;
}

/** The Docker networks of one host, which give out addresses: they outlive the agent, as Docker's do. */
export class BridgePool {
  readonly #bridges = new Map<string, Bridge>();
  /** What clients of this host are sent to, as was applied last. */
  services: readonly ServiceEndpoints[] = [];

  has(name: string): boolean {
    return this.#bridges.has(name);
  }

  /** Has exactly these networks, but for those that containers are still on. */
  put(networks: readonly NetworkAssignment[]): void {
    const wanted = new Map(networks.map((network) => [bridgeName(network.id), network.block]));
    for (const [name, bridge] of this.#bridges)
      if (bridge.taken.size === 0 && wanted.get(name) !== bridge.block) this.#bridges.delete(name);
    for (const [name, block] of wanted) if (!this.#bridges.has(name)) this.#bridges.set(name, { block, taken: new Map(), last: 1 });
  }

  /** The next free address of the network's block, as Docker gives them out: on from the last one, the gateway's left out. */
  take(name: string, containerId: string): string {
    const bridge = this.#bridges.get(name);
    const range = bridge && parseRange(bridge.block);
    if (!bridge || !range) throw new Error(`there is no network ${name}`);
    const size = rangeSize(range.prefix);
    for (let tried = 0; tried < size; tried++) {
      bridge.last = bridge.last + 1 >= size - 1 ? 2 : bridge.last + 1;
      const address = formatRange({ base: range.base + bridge.last, prefix: HOST_PREFIX }).split('/')[0] as string;
      if (bridge.taken.has(address)) continue;
      bridge.taken.set(address, containerId);
      return address;
    }
    throw new Error(`network ${name} has no address left`);
  }

  free(containerId: string): void {
    for (const { taken } of this.#bridges.values())
      for (const [address, holder] of taken) if (holder === containerId) taken.delete(address);
  }
}

/** The agent's network: bridges only, since nothing in the simulator sends a packet between containers. */
export class SimNetwork implements NodeNetwork {
  readonly #services = new Map<string, ServiceEndpoints>();

  constructor(
    private readonly bridges: BridgePool,
    private readonly clock: Clock,
  ) {}

  async apply({ networks, services }: NetworkChange): Promise<void> {
    for (const [id, service] of services)
      if (service) this.#services.set(id, service);
      else this.#services.delete(id);
    await sleep(this.clock, APPLY_MS);
    this.bridges.put(networks);
    this.bridges.services = [...this.#services.values()];
  }

  plug(networkId: string) {
    return { dockerNetwork: bridgeName(networkId), dnsServers: [] };
  }

  async drained(): Promise<void> {}
  containersChanged(): void {}
  async leave(): Promise<void> {}
  async stop(): Promise<void> {}
}

function bridgeName(networkId: string): string {
  return `ts-${networkId}`;
}
