import type { NetworkAssignment } from '@tessera/api';
import type { Log } from '@tessera/kit';
import { dockerNetworkName, gatewayOf } from '../plan/network/names.js';
import type { Bridges, PluggedContainer } from '../ports/bridges.js';
import type { KernelNetwork } from '../ports/kernel.js';
import { Coalesced } from './coalesced.js';

export interface PlugsOptions {
  kernel: KernelNetwork;
  bridges: Bridges;
  log: Log;
  networks(): readonly NetworkAssignment[];
}

/** Which containers are plugged in where: what discovery must know of an asker, and settings of their ports on the bridges. */
export class Plugs {
  readonly #options: PlugsOptions;
  readonly #work = new Coalesced(() => this.#look());
  #byAddress: ReadonlyMap<string, PluggedContainer> = new Map();

  constructor(options: PlugsOptions) {
    this.#options = options;
  }

  /** Looks again. Never fails: what it could not see is seen the next time. */
  refresh(): Promise<void> {
    return this.#work.request().catch((error: unknown) => this.#options.log.warn({ error }, 'the plugs of containers cannot be seen'));
  }

  /** Networks that an asker is on: those of its container, or at least the one whose gateway it asked. */
  networksOf(gateway: string, client: string): string[] {
    const networks = this.#options.networks();
    const names = this.#byAddress.get(client)?.networks;
    if (names) return networks.filter((network) => names.includes(dockerNetworkName(network))).map((network) => network.id);
    return networks.filter((network) => gatewayOf(network.block) === gateway).map((network) => network.id);
  }

  /** Whether a container was on this Docker network when last looked at. */
  isUsed(dockerNetwork: string): boolean {
    for (const { networks } of this.#byAddress.values()) if (networks.includes(dockerNetwork)) return true;
    return false;
  }

  async #look(): Promise<void> {
    const { bridges, kernel, networks } = this.#options;
    if (networks().length === 0) return;
    const containers = await bridges.containers();
    this.#byAddress = new Map(containers.flatMap((container) => container.addresses.map((address) => [address, container] as const)));
    await kernel.allowHairpin();
  }
}
