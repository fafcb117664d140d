import { ApiError, type PublishedPort, type Service } from '@tessera/api';
import { hostAddress, hostAddressesClash } from '@tessera/api/net/host-address';
import type { ClusterView } from '../model/view.js';

/** Automatic ports: Swarm's own range. */
const FIRST_AUTOMATIC = 30_000;
const LAST_AUTOMATIC = 32_767;

type FixedPort = PublishedPort & { published: number };

/** The ports that services of the cluster hold, and those given out while one plan is made. */
export class PortLedger {
  readonly #taken = new Map<string, { owner: string; port: FixedPort }[]>();
  readonly #view: ClusterView;
  /** Names of nodes by the ports that something else on them listens on; made when first asked for. */
  #busy: ReadonlyMap<string, string> | undefined;

  /** @param changing ids of services whose ports are planned anew, or which are removed: theirs are free. */
  constructor(view: ClusterView, changing: ReadonlySet<string>) {
    this.#view = view;
    for (const service of view.all('services')) {
      if (!changing.has(service.id)) this.#takeAll(service.spec.name, service.ports);
    }
  }

  /**
   * The service's ports with the automatic ones filled in: those that it had stay the same.
   * @throws ApiError `port-in-use` naming the owner: a service, or a node that uses a port itself, which every node would answer in its place.
   */
  allocate(owner: string, wanted: readonly PublishedPort[], before: Service | undefined): PublishedPort[] {
    const fixed = wanted.filter(isFixed);
    for (const port of fixed) {
      if (!before?.ports.some((held) => held.mode === 'ingress' && isFixed(held) && keyOf(held) === keyOf(port)))
        this.#refuseBusy(owner, port);
      this.#take(owner, port);
    }
    return wanted.map((port) => (isFixed(port) ? port : this.#automatic(owner, port, before)));
  }

  #automatic(owner: string, port: PublishedPort, before: Service | undefined): FixedPort {
    const kept = before?.ports.find(
      (old) => old.target === port.target && old.protocol === port.protocol && old.mode === port.mode,
    )?.published;
    const candidates = kept === undefined ? [] : [kept];
    for (let published = FIRST_AUTOMATIC; published <= LAST_AUTOMATIC; published++) candidates.push(published);
    for (const published of candidates) {
      const candidate = { ...port, published };
      if (this.#holderOf(candidate) || (published !== kept && this.#busyNode(candidate))) continue;
      this.#add(owner, candidate);
      return candidate;
    }
    throw new ApiError('port-in-use', `no port from ${FIRST_AUTOMATIC} to ${LAST_AUTOMATIC} is left for service '${owner}'`, {
      cure: 'publish a fixed port, or remove services that publish automatic ones',
    });
  }

  #refuseBusy(owner: string, port: FixedPort): void {
    const node = this.#busyNode(port);
    if (node === undefined) return;
    throw new ApiError('port-in-use', `port ${port.published}/${port.protocol} of service '${owner}' is used by node '${node}' itself`, {
      cure: 'choose another published port, or leave it out to have one chosen',
    });
  }

  /** A node on which something else listens on the port, if all nodes are to answer it. */
  #busyNode(port: FixedPort): string | undefined {
    if (port.mode !== 'ingress' || hostAddress(port.hostIp) !== undefined) return undefined;
    this.#busy ??= busyPorts(this.#view);
    return this.#busy.get(keyOf(port));
  }

  #take(owner: string, port: FixedPort): void {
    const holder = this.#holderOf(port);
    if (holder === owner)
      throw new ApiError('invalid-spec', `service '${owner}' publishes port ${port.published}/${port.protocol} twice`, {
        cure: 'remove one of the two',
      });
    if (holder !== undefined)
      throw new ApiError(
        'port-in-use',
        `port ${port.published}/${port.protocol} of service '${owner}' is published by service '${holder}' already`,
        { cure: 'choose another published port, or leave it out to have one chosen' },
      );
    this.#add(owner, port);
  }

  #takeAll(owner: string, ports: readonly PublishedPort[]): void {
    for (const port of ports.filter(isFixed)) this.#add(owner, port);
  }

  #add(owner: string, port: FixedPort): void {
    const key = keyOf(port);
    this.#taken.set(key, [...(this.#taken.get(key) ?? []), { owner, port }]);
  }

  #holderOf(port: FixedPort): string | undefined {
    return this.#taken.get(keyOf(port))?.find((taken) => excludes(taken.port, port))?.owner;
  }
}

function busyPorts(view: ClusterView): Map<string, string> {
  const busy = new Map<string, string>();
  for (const { name, description } of view.all('nodes'))
    for (const { port, protocol } of description?.busyPorts ?? []) busy.set(`${port}/${protocol}`, name);
  return busy;
}

function isFixed(port: PublishedPort): port is FixedPort {
  return port.published !== undefined;
}

function keyOf(port: FixedPort): string {
  return `${port.published}/${port.protocol}`;
}

/** Ingress ports are bound on every node; two host-mode ports may live on different nodes, where the scheduler keeps them apart. */
function excludes(a: FixedPort, b: FixedPort): boolean {
  if (a.mode === 'host' && b.mode === 'host') return false;
  return hostAddressesClash(a.hostIp, b.hostIp);
}
