import type Docker from 'dockerode';
import type { BridgeNetwork } from '../plan/network/links.js';
import type { Bridges, ObservedBridge, PluggedContainer } from '../ports/bridges.js';

/** Label that marks a Docker network as the agent's: its value is the network's id. */
const NETWORK_LABEL = 'tessera.network';
const BRIDGE_OPTION = 'com.docker.network.bridge.name';

/** {@link Bridges} on the local Docker engine. */
export class DockerBridges implements Bridges {
  constructor(private readonly docker: Docker) {}

  async list(): Promise<ObservedBridge[]> {
    const networks = await this.docker.listNetworks({ filters: { label: [NETWORK_LABEL] } });
    return networks.map((network) => ({
      dockerId: network.Id,
      name: network.Name,
      networkId: network.Labels?.[NETWORK_LABEL] ?? '',
      bridge: network.Options?.[BRIDGE_OPTION] ?? '',
      block: network.IPAM?.Config?.[0]?.Subnet ?? '',
    }));
  }

  async create(bridge: BridgeNetwork): Promise<void> {
    await this.docker.createNetwork({
      Name: bridge.name,
      Driver: 'bridge',
      CheckDuplicate: true,
      Labels: { [NETWORK_LABEL]: bridge.networkId },
      IPAM: { Config: [{ Subnet: bridge.block, Gateway: bridge.gateway }] },
      Options: {
        [BRIDGE_OPTION]: bridge.bridge,
        'com.docker.network.bridge.enable_ip_masquerade': 'false',
        'com.docker.network.driver.mtu': String(bridge.mtu),
        // Engines from 28 on drop routed packets to a bridge unless told so; older ones ignore the option.
        'com.docker.network.bridge.gateway_mode_ipv4': 'nat-unprotected',
      },
    });
  }

  async remove(dockerId: string): Promise<void> {
    await this.docker.getNetwork(dockerId).remove();
  }

  async containers(): Promise<PluggedContainer[]> {
    const networkIdByName = new Map((await this.list()).map((bridge) => [bridge.name, bridge.networkId]));
    const containers = await this.docker.listContainers({ filters: { label: ['tessera.task'] } });
    return containers.map((container) => {
      const plugs = Object.entries(container.NetworkSettings?.Networks ?? {}).filter(([name]) => networkIdByName.has(name));
      return {
        networkIds: plugs.map(([name]) => networkIdByName.get(name) as string),
        addresses: plugs.map(([, plug]) => plug.IPAddress).filter((address) => address !== ''),
      };
    });
  }
}
