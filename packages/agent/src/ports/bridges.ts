import type { BridgeAddresses, BridgeNetwork } from '../plan/network/links.js';

/** A Docker network of the agent as it is. */
export interface ObservedBridge extends Pick<BridgeNetwork, 'name' | 'networkId' | 'bridge' | 'subnet' | 'block' | 'mtu'> {
  dockerId: string;
  ipv6?: Pick<BridgeAddresses, 'subnet' | 'block'>;
}

/** A container of the agent: the Docker networks that it is on, and its addresses there. */
export interface PluggedContainer {
  networks: string[];
  addresses: string[];
}

/** The engine's bridge networks, which own the node's blocks and give out their addresses. */
export interface Bridges {
  list(): Promise<ObservedBridge[]>;
  create(bridge: BridgeNetwork): Promise<void>;
  /** @throws Error when containers are still on it. */
  remove(dockerId: string): Promise<void>;
  /** The agent's containers, with where they are plugged in. */
  containers(): Promise<PluggedContainer[]>;
}
