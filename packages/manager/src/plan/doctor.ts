import {
  addressAt,
  type NetworkDiagnosis,
  networkBlockId,
  overheadOf,
  type ProbeAnswer,
  type ProbeRequest,
  parseRange,
  type VxlanCount,
} from '@tessera/api';
import { ipv6Beside } from '@tessera/api/net/ipv6';
import { isRunning, isWanted } from '../model/task.js';
import type { ClusterView } from '../model/view.js';
import { networkMtu } from './network-mtu.js';

export type Measure = Extract<ProbeRequest, { kind: 'measure' }>;
export type Measured = Extract<ProbeAnswer, { kind: 'measured' }>;

/** Ports tried from each node: the first by number. */
const MOST_PORTS = 16;

/** What one node found. */
export interface NodeFindings {
  nodeId: string;
  /** What it was asked for. */
  asked: Measure;
  measured: Measured;
  /** VXLAN packets that came to it, by the sender's address. */
  vxlan: readonly VxlanCount[];
}

/** What a node must try: the ways to `others`, the name servers of the networks that it shares with them, and published ports. */
export function measureOf(view: ClusterView, nodeId: string, others: readonly string[]): Measure {
  const shared = [...view.blocksOfNode(nodeId)].map(({ networkId }) => networkId);
  const gatewaysOf = (id: string): Measure['gateways'] =>
    shared.flatMap((networkId) => {
      const range = parseRange(view.get('blocks', networkBlockId(networkId, id))?.subnet ?? '');
      const name = nameOn(view, networkId);
      if (!range || name === undefined) return [];
      const address = addressAt(range, 1);
      return [{ nodeId: id, networkId, address, ...ipv6Of(view, networkId, address), name }];
    });
  return {
    kind: 'measure',
    peers: others.flatMap((id) => {
      const address = view.get('nodes', id)?.description?.address;
      const sizes = shared
        .filter((networkId) => view.get('blocks', networkBlockId(networkId, id)))
        .flatMap((networkId) => packetOf(view, networkId) ?? []);
      return address === undefined ? [] : [{ nodeId: id, address, ...(sizes.length > 0 && { packetBytes: Math.max(...sizes) }) }];
    }),
    gateways: [nodeId, ...others].flatMap(gatewaysOf),
    ports: [...ingressPorts(view, [nodeId, ...others]), ...virtualPorts(view, shared)],
  };
}

function ipv6Of(view: ClusterView, networkId: string, address: string): { address6?: string } {
  const { subnet = '', subnet6 } = view.get('networks', networkId)?.allocation ?? {};
  return subnet6 === undefined ? {} : { address6: ipv6Beside({ subnet, subnet6 }, address) };
}

/** A service of the network: its name servers know it. */
function nameOn(view: ClusterView, networkId: string): string | undefined {
  const [service] = view.servicesOfNetwork(view.get('networks', networkId)?.spec.name ?? '');
  return service?.spec.name;
}

/** Largest packet between nodes that the network needs, in bytes. */
function packetOf(view: ClusterView, networkId: string): number | undefined {
  const network = view.get('networks', networkId);
  const mtu = network && networkMtu(view, network)?.mtu;
  return network && mtu !== undefined ? mtu + overheadOf(network.spec.driverOptions) : undefined;
}

/** TCP ports of services that have a ready task. */
function* readyPorts(
  view: ClusterView,
): Generator<{ serviceId: string; name: string; published: number | undefined; target: number; mode: string }> {
  for (const service of view.all('services')) {
    const isReady = [...view.tasksOfService(service.id)].some((task) => isWanted(task) && isRunning(task));
    for (const { protocol, published, target, mode } of isReady ? service.ports : [])
      if (protocol === 'tcp') yield { serviceId: service.id, name: service.spec.name, published, target, mode };
  }
}

function ingressPorts(view: ClusterView, nodeIds: readonly string[]): Measure['ports'] {
  const published = [...readyPorts(view)].flatMap((port) =>
    port.mode === 'ingress' && port.published !== undefined ? [port.published] : [],
  );
  const tried = [...new Set(published)].sort((a, b) => a - b).slice(0, MOST_PORTS);
  const addresses = nodeIds.flatMap((id) => view.get('nodes', id)?.description?.address ?? []);
  return addresses.flatMap((address) => tried.map((port) => ({ address, port })));
}

function virtualPorts(view: ClusterView, networkIds: readonly string[]): Measure['ports'] {
  const found = [...readyPorts(view)].flatMap(({ serviceId, target }) =>
    [...view.vipsOfService(serviceId)]
      .filter(({ networkId }) => networkIds.includes(networkId))
      .map(({ address }) => ({ address, port: target })),
  );
  return found.slice(0, MOST_PORTS);
}

/** What is wrong, told by link and cause: the nearest cause first, since the others follow from it. */
export function diagnose(view: ClusterView, findings: readonly NodeFindings[]): Pick<NetworkDiagnosis, 'links' | 'problems'> {
  const byNode = new Map(findings.map((one) => [one.nodeId, one]));
  const links: NetworkDiagnosis['links'] = [];
  const problems: string[] = [];
  for (const from of findings) {
    for (const peer of from.asked.peers) {
      const to = byNode.get(peer.nodeId);
      if (!to) continue;
      const link = new Link(view, from, to);
      const found = link.problems();
      problems.push(...found.map((problem) => `${link.from} -> ${link.to}: ${problem}`));
      const { pathMtu } = link.measured ?? {};
      links.push({
        from: link.from,
        to: link.to,
        ok: found.length === 0,
        ...(pathMtu !== undefined && { pathMtu }),
        networks: link.networkNames(),
      });
    }
    problems.push(...ownProblems(view, from));
  }
  return { links, problems };
}

/** The way from one node to another. */
class Link {
  readonly from: string;
  readonly to: string;

  constructor(
    private readonly view: ClusterView,
    private readonly source: NodeFindings,
    private readonly target: NodeFindings,
  ) {
    this.from = nameOf(view, source.nodeId);
    this.to = nameOf(view, target.nodeId);
  }

  get measured(): Measured['peers'][number] | undefined {
    return this.source.measured.peers.find(({ nodeId }) => nodeId === this.target.nodeId);
  }

  networkNames(): string[] {
    return this.#shared().map((networkId) => this.view.get('networks', networkId)?.spec.name ?? networkId);
  }

  problems(): string[] {
    const { measured } = this;
    const address = this.view.get('nodes', this.source.nodeId)?.description?.address;
    const count = this.target.vxlan.find((one) => one.address === address);
    if (measured?.refusal !== undefined)
      return [`VXLAN packets cannot be sent: ${measured.refusal} (a firewall of ${this.from}? UDP 4789)`];
    if (!count && !measured?.answersPing)
      return ['nothing arrives: no ping is answered and no VXLAN packet comes (link, route or firewall?)'];
    if (!count) return ['no VXLAN packet arrives (UDP 4789 blocked?)'];
    // A node drops VXLAN from hosts that it shares no network with: that is as it should be.
    if (count.taken === 0 && this.#shared().length > 0)
      return [`VXLAN packets arrive and are dropped by a firewall of ${this.to} (UDP 4789)`];
    return [...this.#mtuProblem(), ...this.#overlayProblems(), ...this.#ipv6Problems()];
  }

  #mtuProblem(): string[] {
    const needed = this.source.asked.peers.find(({ nodeId }) => nodeId === this.target.nodeId)?.packetBytes;
    const { pathMtu } = this.measured ?? {};
    if (needed === undefined || pathMtu === undefined || pathMtu >= needed) return [];
    return [
      `path MTU ${pathMtu} is below the ${needed} that the networks between them need (${this.networkNames().join(', ')}): set the MTU of the interface or the route, or the networks' com.docker.network.driver.mtu`,
    ];
  }

  #overlayProblems(): string[] {
    const silent = this.#shared().filter((networkId) => !this.#answer(networkId));
    return silent.map((networkId) => {
      const network = this.view.get('networks', networkId);
      const isEncrypted = network && overheadOf(network.spec.driverOptions) > overheadOf({});
      const cause = isEncrypted ? 'WireGuard, UDP 24789 blocked?' : `its agent or a firewall of ${this.to}?`;
      return `network ${network?.spec.name ?? networkId} does not answer, though VXLAN packets arrive (${cause})`;
    });
  }

  /** Of networks that answer by IPv4. */
  #ipv6Problems(): string[] {
    const asked = this.source.asked.gateways.filter((one) => one.nodeId === this.target.nodeId && one.address6 !== undefined);
    const silent = asked.filter(({ networkId }) => this.#answer(networkId) && !this.#answer(networkId)?.ipv6);
    return silent.map(
      ({ networkId }) =>
        `network ${this.view.get('networks', networkId)?.spec.name ?? networkId} answers by IPv4 and not by IPv6 (a firewall of ${this.from} or ${this.to}: ip6tables, nft?)`,
    );
  }

  #answer(networkId: string): Measured['gateways'][number] | undefined {
    return this.source.measured.gateways.find((one) => one.nodeId === this.target.nodeId && one.networkId === networkId);
  }

  #shared(): string[] {
    return this.source.asked.gateways.filter(({ nodeId }) => nodeId === this.target.nodeId).map(({ networkId }) => networkId);
  }
}

/** What a node finds wrong with itself, and with published ports and virtual addresses as it sees them. */
function ownProblems(view: ClusterView, { nodeId, asked, measured }: NodeFindings): string[] {
  const name = nameOf(view, nodeId);
  const own = asked.gateways.filter((gateway) => gateway.nodeId === nodeId);
  const deaf = own.filter(({ networkId }) => !measured.gateways.some((one) => one.nodeId === nodeId && one.networkId === networkId));
  const closed = asked.ports.filter(({ address, port }) => !measured.ports.some((open) => open.address === address && open.port === port));
  return [
    ...deaf.map(
      ({ networkId }) =>
        `${name}: the name server of network ${view.get('networks', networkId)?.spec.name} does not answer (is the agent well?)`,
    ),
    ...closed.map(
      ({ address, port }) => `${name} -> ${placeOf(view, address)}: no connection to port ${port} of ${ownerOf(view, address, port)}`,
    ),
  ];
}

function placeOf(view: ClusterView, address: string): string {
  for (const node of view.all('nodes')) if (node.description?.address === address) return node.name;
  return `virtual address ${address}`;
}

function ownerOf(view: ClusterView, address: string, port: number): string {
  for (const { serviceId, name, published, target } of readyPorts(view)) {
    const isVirtual = [...view.vipsOfService(serviceId)].some((vip) => vip.address === address);
    if (isVirtual ? target === port : published === port && !isVip(view, address)) return `service ${name}`;
  }
  return 'a service that is gone';
}

function isVip(view: ClusterView, address: string): boolean {
  for (const vip of view.all('vips')) if (vip.address === address) return true;
  return false;
}

function nameOf(view: ClusterView, nodeId: string): string {
  return view.get('nodes', nodeId)?.name ?? nodeId;
}
