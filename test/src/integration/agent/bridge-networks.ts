import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { NetworkChange, NetworkPlug, NodeNetwork } from '@tessera/agent/ports/node-network';

const PREFIX = 'tessera-';
const command = promisify(execFile);

/** Networks of one node alone: a plain bridge for each, on this node's block, for tests that are not about the overlay. */
export class BridgeNetworks implements NodeNetwork {
  #applied = new Set<string>();

  constructor(private readonly socketPath: string) {}

  async apply({ networks }: Pick<NetworkChange, 'networks'>): Promise<void> {
    const present = new Set((await this.#docker('ls', '--filter', `name=^${PREFIX}`, '--format', '{{.Name}}')).split('\n').filter(Boolean));
    const wanted = new Map(networks.map(({ id, block }) => [PREFIX + id, block]));
    for (const [name, block] of wanted) if (!present.has(name)) await this.#docker('create', '--subnet', block, name);
    this.#applied = new Set(wanted.keys());
    for (const name of present) if (!wanted.has(name)) await this.#docker('rm', name);
  }

  plug(networkId: string): NetworkPlug {
    const dockerNetwork = PREFIX + networkId;
    if (!this.#applied.has(dockerNetwork)) throw new Error(`network ${networkId} was not applied`);
    return { dockerNetwork, dnsServers: [] };
  }

  async drained(): Promise<void> {}
  containersChanged(): void {}

  leave(): Promise<void> {
    return this.apply({ networks: [] });
  }

  async stop(): Promise<void> {}

  async #docker(...args: string[]): Promise<string> {
    return (await command('docker', ['--host', `unix://${this.socketPath}`, 'network', ...args])).stdout;
  }
}
