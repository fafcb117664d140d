import {
  type Endpoint,
  formatRange,
  keepsMembersApart,
  type Network,
  type NetworkAssignment,
  type NetworkPeer,
  networkBlockId,
  readsHttpConfig,
  type Service,
  type ServiceEndpoints,
  type Task,
  wantsEncryption,
} from '@tessera/api';
import { hostAddress } from '@tessera/api/net/host-address';
import { ipv6Beside } from '@tessera/api/net/ipv6';
import { divisionOf } from '../../model/subnet.js';
import { subnetsOf } from '../../model/subnet6.js';
import { isLive } from '../../model/task.js';
import type { ClusterView } from '../../model/view.js';
import { networkMtu } from '../../plan/network-mtu.js';
import { wantsVip } from '../../plan/vips.js';
import { revisionOf, type SlotIndex } from './slot-index.js';

/** A network as the node takes part in it, or `undefined` when it has no block of it. */
export function projectNetwork(view: ClusterView, nodeId: string, networkId: string): NetworkAssignment | undefined {
  const network = view.get('networks', networkId);
  const block = view.get('blocks', networkBlockId(networkId, nodeId));
  if (!network?.allocation || !block) return undefined;
  const mtu = networkMtu(view, network)?.mtu;
  const { vips } = divisionOf(network.allocation.subnet) ?? {};
  return {
    id: network.id,
    name: network.spec.name,
    vni: network.allocation.vni,
    subnet: network.allocation.subnet,
    ...(network.allocation.subnet6 !== undefined && { subnet6: network.allocation.subnet6 }),
    block: block.subnet,
    ...(vips && { vips: formatRange(vips) }),
    internal: network.spec.internal,
    attachable: network.spec.attachable,
    driverOptions: network.spec.driverOptions,
    ...(keepsMembersApart(network.spec.driverOptions) && { hubs: hubsOf(view, network) }),
    ...(mtu !== undefined && { mtu }),
    ...(wantsEncryption(network.spec.driverOptions) && { encrypted: true as const, ...keyOf(view, nodeId) }),
    peers: peersOf(view, nodeId, network),
  };
}

/** Addresses of the HTTP proxies on the network, also of those that come or go. */
function hubsOf(view: ClusterView, { id, spec }: Network): string[] {
  const proxies = [...view.servicesOfNetwork(spec.name)].filter((service) => readsHttpConfig(service.spec.template));
  const tasks = proxies.flatMap((service) => [...view.tasksOfService(service.id)]).filter(isLive);
  return tasks.flatMap(({ status }) => [status.addresses?.[id] ?? [], status.addresses6?.[id] ?? []].flat()).sort();
}

/** Id of a service's endpoints on one network. */
export function serviceEndpointsId(serviceId: string, networkId: string): string {
  return `${serviceId}n${networkId}`;
}

/** A service on one network: the same for every node that takes part in it. */
export function projectService(view: ClusterView, slots: SlotIndex, serviceId: string, networkId: string): ServiceEndpoints | undefined {
  const service = view.get('services', serviceId);
  const network = view.get('networks', networkId);
  const attachment = network && service?.spec.template.networks.find((one) => one.network === network.spec.name);
  if (!service || !network?.allocation || !attachment) return undefined;
  const { name, stack, endpointMode, sticky } = service.spec;
  const vip = vipOf(view, serviceId, networkId);
  return {
    id: serviceEndpointsId(serviceId, networkId),
    serviceId,
    serviceName: name,
    shortName: stack !== undefined && name.startsWith(`${stack}_`) ? name.slice(stack.length + 1) : name,
    ...(stack !== undefined && { stack }),
    networkId,
    aliases: attachment.aliases,
    ...(attachment.qualified && { qualified: true as const }),
    endpointMode,
    ...(vip !== undefined && wantsVip(service) && vipsOf(network, vip)),
    ...(sticky && { sticky }),
    ports: service.ports.map(({ name: portName, protocol, target }) => ({
      ...(portName !== undefined && { name: portName }),
      protocol,
      target,
    })),
    ingress: carriesIngress(view, service, network) ? ingressPorts(service) : [],
    endpoints: endpointsOf(view, slots, serviceId, networkId),
  };
}

function vipOf(view: ClusterView, serviceId: string, networkId: string): string | undefined {
  for (const vip of view.vipsOfService(serviceId)) if (vip.networkId === networkId) return vip.address;
  return undefined;
}

function vipsOf(network: Network, vip: string): Pick<ServiceEndpoints, 'vip' | 'vip6'> {
  const subnets = subnetsOf(network);
  return { vip, ...(subnets && { vip6: ipv6Beside(subnets, vip) }) };
}

/**
 * The address of the task on the network while it takes traffic: running, and healthy when it has a health check; earlier when its
 * service publishes tasks that are not ready.
 */
export function endpointOf(view: ClusterView, task: Task, networkId: string): Endpoint | undefined {
  const address = task.status.addresses?.[networkId];
  if (!address || !task.nodeId) return undefined;
  const ready = task.status.state === 'running' && isHealthy(view, task);
  if (!ready && !publishesNotReady(view, task)) return undefined;
  const address6 = task.status.addresses6?.[networkId];
  const more = { ...(task.slot !== undefined && { slot: task.slot }), ...(address6 !== undefined && { address6 }) };
  return { taskId: task.id, nodeId: task.nodeId, ...more, address, ...(!ready && { ready: false as const }) };
}

function publishesNotReady(view: ClusterView, task: Task): boolean {
  return view.get('services', task.serviceId)?.spec.publishNotReady === true && task.status.health !== 'unhealthy';
}

function endpointsOf(view: ClusterView, slots: SlotIndex, serviceId: string, networkId: string): Endpoint[] {
  const endpoints: Endpoint[] = [];
  for (const task of slots.servingTasks(serviceId)) {
    const endpoint = endpointOf(view, task, networkId);
    if (endpoint) endpoints.push(endpoint);
  }
  // One order for equal sets, so that nothing is sent again that has not changed.
  return endpoints.sort((a, b) => (a.taskId < b.taskId ? -1 : 1));
}

/** Without a health the spec decides: a check that it asks for has then not answered yet. */
function isHealthy(view: ClusterView, task: Task): boolean {
  if (task.status.health !== undefined) return task.status.health === 'healthy';
  const test = revisionOf(view, task)?.spec.template.container.healthcheck?.test ?? [];
  return test.length === 0 || test[0] === 'NONE';
}

/** WireGuard's key of a node, where it has said one. */
function keyOf(view: ClusterView, nodeId: string): { publicKey?: string } {
  const { encryption } = view.get('nodes', nodeId)?.description ?? {};
  return encryption ? { publicKey: encryption.publicKey } : {};
}

function peersOf(view: ClusterView, nodeId: string, { id, spec }: Network): NetworkPeer[] {
  const isEncrypted = wantsEncryption(spec.driverOptions);
  const peers: NetworkPeer[] = [];
  for (const block of view.blocksOfNetwork(id)) {
    const { address, ipv6 } = view.get('nodes', block.nodeId)?.description ?? {};
    if (block.nodeId === nodeId || !address) continue;
    peers.push({
      nodeId: block.nodeId,
      address,
      block: block.subnet,
      ...(spec.ipv6 && ipv6 && { addresses6: ipv6.addresses }),
      ...(isEncrypted && keyOf(view, block.nodeId)),
    });
  }
  return peers.sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
}

/**
 * Published ports lead into one network of the service: the one through which its containers answer strangers. With
 * several networks Docker takes the one whose name comes first; internal ones lead nowhere.
 */
function carriesIngress(view: ClusterView, service: Service, network: Network): boolean {
  const names = service.spec.template.networks.map((attachment) => attachment.network);
  const open = names.filter((name) => view.byName('networks', name)?.spec.internal === false);
  return open.sort()[0] === network.spec.name;
}

function ingressPorts(service: Service): ServiceEndpoints['ingress'] {
  return service.ports.flatMap(({ mode, protocol, published, target, ...port }) => {
    const hostIp = hostAddress(port.hostIp);
    return mode === 'ingress' && published !== undefined ? [{ protocol, published, target, ...(hostIp !== undefined && { hostIp }) }] : [];
  });
}
