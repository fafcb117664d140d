import { LABELS } from '../model/labels.js';
import type { Engine } from '../ports/engine.js';
import type { NetworkPlug, NetworkState, NodeNetwork } from '../ports/node-network.js';

const PREFIX = 'tessera-';

/** Networks of one node alone: a bridge for each, on this node's block. No overlay, discovery or load balancing. */
export class DockerOnlyNetwork implements NodeNetwork {
  readonly #engine: Engine;
  readonly #clusterId: string;
  #names = new Map<string, string>();

  constructor(engine: Engine, clusterId: string) {
    this.#engine = engine;
    this.#clusterId = clusterId;
  }

  async apply({ networks }: NetworkState): Promise<void> {
    const label = { [LABELS.cluster]: this.#clusterId };
    const names = new Map(networks.map(({ id }) => [id, PREFIX + id]));
    for (const { id, block, internal } of networks) {
      await this.#engine.ensureNetwork({ name: PREFIX + id, subnet: block, gateway: firstHost(block), internal, labels: label });
    }
    this.#names = names;
    const wanted = new Set(names.values());
    for (const name of await this.#ours()) if (!wanted.has(name)) await this.#engine.removeNetwork(name);
  }

  plug(networkId: string): NetworkPlug {
    const dockerNetwork = this.#names.get(networkId);
    if (dockerNetwork === undefined) throw new Error(`network ${networkId} is not on this node`);
    return { dockerNetwork, dnsServers: [] };
  }

  containersChanged(): void {}

  async leave(): Promise<void> {
    this.#names.clear();
    for (const name of await this.#ours()) await this.#engine.removeNetwork(name);
  }

  async stop(): Promise<void> {}

  async #ours(): Promise<string[]> {
    const names = await this.#engine.networks(`${LABELS.cluster}=${this.#clusterId}`);
    return names.filter((name) => name.startsWith(PREFIX));
  }
}

/** `10.0.1.1` of `10.0.1.0/24`. */
function firstHost(block: string): string {
  const [network = ''] = block.split('/');
  const parts = network.split('.').map(Number);
  const last = parts.pop() ?? 0;
  return [...parts, last + 1].join('.');
}
