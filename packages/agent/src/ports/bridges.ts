import type { BridgeNetwork } from '../plan/network/links.js';

/** A Docker network of the agent as it is. */
export interface ObservedBridge extends Pick<BridgeNetwork, 'name' | 'networkId' | 'bridge' | 'subnet' | 'block' | 'mtu'> {
  dockerId: string;
}

/** A container on one of the agent's networks: the networks it is on, by its addresses. */
export interface PluggedContainer {
  networkIds: string[];
  addresses: string[];
}

/** The engine's bridge networks, which own the node's blocks and give out their addresses. */
export interface Bridges {
  list(): Promise<ObservedBridge[]>;
  create(bridge: BridgeNetwork): Promise<void>;
  /** @throws Error when containers are still on it. */
  remove(dockerId: string): Promise<void>;
  /** Containers on the agent's networks, with where they are plugged in. */
  containers(): Promise<PluggedContainer[]>;
}
