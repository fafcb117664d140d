import { MTU_OPTION } from '@tessera/api';
import { type Clock, withDeadline } from '@tessera/kit';
import type Docker from 'dockerode';
import { LABELS } from '../model/labels.js';
import { FAMILIES } from '../plan/network/family.js';
import type { BridgeAddresses, BridgeNetwork } from '../plan/network/links.js';
import type { Bridges, ObservedBridge, PluggedContainer } from '../ports/bridges.js';

/** Label of a Docker network: the id of the Tessera network whose block it owns. */
const NETWORK_LABEL = 'tessera.network';
const BRIDGE_OPTION = 'com.docker.network.bridge.name';
/** A call may never settle when the daemon dies in the middle of it. */
const CALL_LIMIT_MS = 30_000;

/** {@link Bridges} on the local Docker engine, for one cluster's networks. */
export class DockerBridges implements Bridges {
  constructor(
    private readonly docker: Docker,
    private readonly clusterId: string,
    private readonly clock: Clock,
  ) {}

  async list(): Promise<ObservedBridge[]> {
    const label = [NETWORK_LABEL, `${LABELS.cluster}=${this.clusterId}`];
    const networks = await this.#call('list networks', this.docker.listNetworks({ filters: { label } }));
    return networks.map((network) => ({
      dockerId: network.Id,
      name: network.Name,
      networkId: network.Labels?.[NETWORK_LABEL] ?? '',
      bridge: network.Options?.[BRIDGE_OPTION] ?? '',
      ...observedAddresses(network.IPAM?.Config ?? []),
      mtu: Number(network.Options?.[MTU_OPTION] ?? 0),
    }));
  }

  async create(bridge: BridgeNetwork): Promise<void> {
    const request = this.docker.createNetwork({
      Name: bridge.name,
      Driver: 'bridge',
      CheckDuplicate: true,
      Labels: { [NETWORK_LABEL]: bridge.networkId, [LABELS.cluster]: this.clusterId },
      EnableIPv6: bridge.ipv6 !== undefined,
      IPAM: { Config: [addressesOf(bridge), ...(bridge.ipv6 ? [addressesOf(bridge.ipv6)] : [])] },
      Options: {
        [BRIDGE_OPTION]: bridge.bridge,
        'com.docker.network.bridge.enable_ip_masquerade': 'false',
        [MTU_OPTION]: String(bridge.mtu),
        // Engines from 28 on drop routed packets to a bridge unless told so; older ones ignore the option.
        'com.docker.network.bridge.gateway_mode_ipv4': 'nat-unprotected',
        ...(bridge.ipv6 && { 'com.docker.network.bridge.gateway_mode_ipv6': 'nat-unprotected' }),
      },
    });
    await this.#call(`create network ${bridge.name}`, request);
  }

  async remove(dockerId: string): Promise<void> {
    await this.#call(`remove network ${dockerId}`, this.docker.getNetwork(dockerId).remove());
  }

  async containers(): Promise<PluggedContainer[]> {
    const filters = { label: [`${LABELS.cluster}=${this.clusterId}`] };
    const containers = await this.#call('list containers', this.docker.listContainers({ filters }));
    return containers.map((container) => {
      const plugs = Object.entries(container.NetworkSettings?.Networks ?? {});
      return {
        networks: plugs.map(([name]) => name),
        addresses: plugs.map(([, plug]) => plug.IPAddress).filter((address) => address !== ''),
      };
    });
  }

  #call<T>(what: string, request: Promise<T>): Promise<T> {
    return withDeadline(this.clock, CALL_LIMIT_MS, request, () => new Error(`the Docker engine did not answer in time: ${what}`));
  }
}

/**
 * The block, and the gateway in it. Its first address stands for the node among its peers, so no container may have it;
 * where it is the first one of the whole subnet, Docker keeps it free by itself and refuses to be told.
 */
function addressesOf({ subnet, block, gateway }: BridgeAddresses) {
  const [first = ''] = block.split('/');
  const reserved = subnet.startsWith(`${first}/`) ? {} : { AuxiliaryAddresses: { node: first } };
  return { Subnet: subnet, IPRange: block, Gateway: gateway, ...reserved };
}

function observedAddresses(configs: readonly { Subnet?: string; IPRange?: string }[]): Pick<ObservedBridge, 'subnet' | 'block' | 'ipv6'> {
  const [ipv4, ipv6] = FAMILIES.map(({ has }) => configs.find(({ Subnet = '' }) => has(Subnet.split('/')[0] as string)));
  const of = (config: typeof ipv4) => ({ subnet: config?.Subnet ?? '', block: config?.IPRange ?? '' });
  return { ...of(ipv4), ...(ipv6 && { ipv6: of(ipv6) }) };
}
