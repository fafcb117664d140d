import type { NetworkAssignment } from '@tessera/api';
import type { ServiceChanges } from '../model/service-change.js';

/** What the node's network must look like from now on. */
export interface NetworkChange {
  /** All that there are. */
  networks: readonly NetworkAssignment[];
  /** Those that came, changed or went since the last call: the others are as they were. There are none before the first. */
  services: ServiceChanges;
}

/** Where a container is plugged in. */
export interface NetworkPlug {
  /** Name of the Docker network on this node. */
  dockerNetwork: string;
  /** DNS servers for the container; empty: Docker's own. */
  dnsServers: readonly string[];
}

/** Names and balancing are as they should be, but some network could not be set up. */
export class NetworkIncomplete extends Error {
  override readonly name = 'NetworkIncomplete';
}

/** The node's part of the overlay, discovery and load balancing. */
export interface NodeNetwork {
  /**
   * Makes the node as it must be, whatever it is now; what the agent does not own is left alone. Resolves when all
   * networks can take containers. Calls are worked off one after the other, several that wait together. What a call that fails told of
   * services is kept: it need not be said again.
   * @throws NetworkIncomplete when clients are sent where they should be, and only a network is not right
   */
  apply(change: NetworkChange): Promise<void>;
  /** @throws Error when the network was not part of the last applied state. */
  plug(networkId: string): NetworkPlug;
  /**
   * Resolves when no connection to the addresses, which get no new ones any more, is established, or after `limitMs`, or on `signal`.
   * Never rejects.
   */
  drained(addresses: readonly string[], limitMs: number, signal: AbortSignal): Promise<void>;
  /** A container was started on or went from a network: ports of its veth may need settings (hairpin). */
  containersChanged(): void;
  /** Undoes everything: after it nothing of the agent is left in the kernel or the engine's networks. */
  leave(): Promise<void>;
  /** Ends servers and watchers in this process; kernel state stays, so that traffic flows on. */
  stop(): Promise<void>;
}
