import type { NetworkAssignment } from '@tessera/api';
import type { Log } from '@tessera/kit';
import { desiredTunnel, GUARD_TABLE, guardRuleset } from '../plan/network/encryption.js';
import { VXLAN_PORT } from '../plan/network/links.js';
import type { Underlay } from '../plan/network/underlay.js';
import type { KernelNetwork } from '../ports/kernel.js';
import type { TunnelDevice } from '../ports/tunnel.js';

export interface EncryptionOptions {
  kernel: Pick<KernelNetwork, 'applyRuleset' | 'hasTable'>;
  tunnel: TunnelDevice;
  log: Log;
}

/** Guard and tunnel of the node's encrypted networks. */
export class Encryption {
  #guard = '';
  /** True at first: an earlier run may have left one. */
  #hasTunnel = true;

  constructor(private readonly options: EncryptionOptions) {}

  /** Makes both as they should be. @returns the networks that may have a link: without a tunnel, encrypted ones get none */
  async apply(networks: readonly NetworkAssignment[], underlay: Underlay): Promise<readonly NetworkAssignment[]> {
    const { kernel, tunnel, log } = this.options;
    const wanted = desiredTunnel(networks, underlay);
    const guard = guardRuleset(networks, VXLAN_PORT);
    if (guard !== this.#guard || (wanted && !(await kernel.hasTable(GUARD_TABLE)))) await kernel.applyRuleset(guard);
    this.#guard = guard;
    try {
      if (wanted) await tunnel.apply(wanted);
      else if (this.#hasTunnel) await tunnel.remove();
      this.#hasTunnel = wanted !== undefined;
      return networks;
    } catch (error) {
      log.warn({ error }, 'there is no tunnel: encrypted networks reach no other node');
      return networks.filter((network) => !network.encrypted);
    }
  }
}
