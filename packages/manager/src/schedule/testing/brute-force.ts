import type { Node } from '@tessera/api';

/** What a service of so many tasks asks for, in a world of small numbers. */
export interface Wish {
  replicas: number;
  memory: number;
  cpus: number;
  gpus: number;
  ssd: boolean;
  /** Replicas on a node; 0 for any number. */
  most: number;
  /** Spread over zones. */
  zones: boolean;
  /** It has addresses on a network that serves {@link LIMITED_NODES}, with {@link LIMITED_ADDRESSES} each. */
  limited: boolean;
  binpack: boolean;
  /** At most one task of the service in a zone. */
  apart: boolean;
  /** One volume for all its tasks, or one for each slot. */
  data: 'none' | 'shared' | 'slot';
}

const LIMITED_NODES = 2;
const LIMITED_ADDRESSES = 5;

/** Where a task goes, and the ids of GPUs that it gets there. */
export interface Place {
  node: Node;
  gpus: readonly string[];
}

/** The rules once more, with nothing clever: every task looks at every node and counts everything anew. */
export class BruteForce {
  /** By task, `s<service>t<slot>`. */
  readonly places = new Map<string, Place>();
  /** Services that were not served yet, or are just being served, with the number of their tasks that have no node. */
  readonly #waiting: Map<number, number>;

  constructor(
    private readonly nodes: readonly Node[],
    private readonly wanted: readonly Wish[],
  ) {
    this.#waiting = new Map(wanted.map(({ replicas }, service) => [service, replicas]));
    for (const service of this.#order()) {
      this.#serve(service);
      this.#waiting.delete(service);
    }
  }

  /** By age; but those that are packed come last, the bulkiest first. */
  #order(): number[] {
    const all = (what: 'cpus' | 'memory'): number => this.nodes.reduce((sum, node) => sum + Math.max(1, capacity(node, what)), 1);
    const bulk = ({ cpus, memory }: Wish): number => Math.max(cpus / all('cpus'), memory / all('memory'));
    return [...this.wanted.keys()].sort((a, b) => {
      const [one, other] = [this.wanted[a]!, this.wanted[b]!];
      const last = Number(isPacked(one)) - Number(isPacked(other));
      return last || (isPacked(one) ? bulk(other) - bulk(one) : 0) || a - b;
    });
  }

  #serve(service: number): void {
    const wish = this.wanted[service]!;
    let open: Set<Node> | undefined;
    for (let slot = 1; slot <= wish.replicas; slot++) {
      const home = this.#home(service, slot);
      open ??= this.#open(service);
      const node = home ? (this.#fits(service, home) ? home : undefined) : this.#best(service, open);
      if (!node) continue;
      const gpus = idsOf(node)
        .filter((id) => !this.#on(node).some((task) => this.places.get(task)!.gpus.includes(id)))
        .slice(0, wish.gpus);
      this.places.set(`s${service}t${slot}`, { node, gpus });
      this.#waiting.set(service, this.#waiting.get(service)! - 1);
      if (home) open = undefined;
    }
  }

  /** The first node that has the slot's volume and no other task of the service. */
  #home(service: number, slot: number): Node | undefined {
    const { data } = this.wanted[service]!;
    const volume = data === 'shared' ? 'data' : `data-${slot}`;
    const holds = (node: Node): boolean => data !== 'none' && (node.description!.volumes ?? []).includes(volume);
    return this.nodes.filter((node) => holds(node) && this.#mine(service, node) === 0).sort((a, b) => a.id.localeCompare(b.id))[0];
  }

  #best(service: number, open: ReadonlySet<Node>): Node | undefined {
    const wish = this.wanted[service]!;
    const zone = (node: Node): string => node.spec.labels.zone!;
    const inZone = (node: Node): number => this.#inZone(service, zone(node));
    const isOpen = (node: Node): number => Number(open.has(node));
    const left = (node: Node): number => (open.has(node) ? Math.min(this.#left(wish, node, 'cpus'), this.#left(wish, node, 'memory')) : 0);
    return this.nodes
      .filter((node) => this.#fits(service, node))
      .sort(
        (a, b) =>
          (wish.zones ? inZone(a) - inZone(b) || zone(a).localeCompare(zone(b)) : 0) ||
          (wish.binpack
            ? isOpen(b) - isOpen(a) || left(b) - left(a) || this.#compareFill(a, b)
            : this.#mine(service, a) - this.#mine(service, b) ||
              this.#on(a).length - this.#on(b).length ||
              this.#share(b) - this.#share(a) ||
              a.id.localeCompare(b.id)),
      )[0];
  }

  /** The fullest nodes that have room for all that waits to be packed with the service. */
  #open(service: number): Set<Node> {
    const open = new Set<Node>();
    const wish = this.wanted[service]!;
    if (!isPacked(wish)) return open;
    const together = [...this.#waiting].filter(([other]) => isPacked(this.wanted[other]!) && this.wanted[other]!.ssd === wish.ssd);
    const volume = (what: 'cpus' | 'memory'): number =>
      together.reduce((sum, [other, tasks]) => sum + tasks * this.wanted[other]![what], 0);
    let [cpus, memory] = [volume('cpus'), volume('memory')];
    for (const node of this.nodes.filter((one) => this.#fits(service, one)).sort((a, b) => this.#compareFill(a, b))) {
      if (cpus <= 0 && memory <= 0) break;
      open.add(node);
      cpus -= this.#free(node, 'cpus');
      memory -= this.#free(node, 'memory');
    }
    return open;
  }

  #compareFill(a: Node, b: Node): number {
    return this.#share(a) - this.#share(b) || this.#on(b).length - this.#on(a).length || a.id.localeCompare(b.id);
  }

  #fits(service: number, node: Node): boolean {
    const wish = this.wanted[service]!;
    const gpusTaken = this.#on(node).reduce((sum, task) => sum + this.wanted[serviceOf(task)]!.gpus, 0);
    return (
      this.#free(node, 'memory') >= wish.memory &&
      this.#free(node, 'cpus') >= wish.cpus &&
      idsOf(node).length - gpusTaken >= wish.gpus &&
      (!wish.ssd || node.spec.labels.disk === 'ssd') &&
      (wish.most === 0 || this.#mine(service, node) < wish.most) &&
      (!wish.limited || this.#hasAddress(node)) &&
      (!wish.apart || this.#inZone(service, node.spec.labels.zone!) === 0)
    );
  }

  #hasAddress(node: Node): boolean {
    const addresses = (one: Node): number => this.#on(one).filter((task) => this.wanted[serviceOf(task)]!.limited).length;
    if (addresses(node) > 0) return addresses(node) < LIMITED_ADDRESSES;
    return this.nodes.filter((other) => addresses(other) > 0).length < LIMITED_NODES;
  }

  #left(wish: Wish, node: Node, what: 'cpus' | 'memory'): number {
    return (this.#free(node, what) - wish[what]) / Math.max(1, capacity(node, what));
  }

  #share(node: Node): number {
    return (
      this.#free(node, 'cpus') / Math.max(1, capacity(node, 'cpus')) + this.#free(node, 'memory') / Math.max(1, capacity(node, 'memory'))
    );
  }

  #free(node: Node, what: 'memory' | 'cpus'): number {
    return capacity(node, what) - this.#on(node).reduce((sum, task) => sum + this.wanted[serviceOf(task)]![what], 0);
  }

  #mine(service: number, node: Node): number {
    return this.#on(node).filter((task) => serviceOf(task) === service).length;
  }

  #inZone(service: number, zone: string): number {
    return this.nodes.filter((node) => node.spec.labels.zone === zone).reduce((sum, node) => sum + this.#mine(service, node), 0);
  }

  #on(node: Node): string[] {
    return [...this.places].filter(([, place]) => place.node.id === node.id).map(([task]) => task);
  }
}

function isPacked({ binpack, cpus, memory }: Wish): boolean {
  return binpack && (cpus > 0 || memory > 0);
}

function serviceOf(task: string): number {
  return Number(task.slice(1, task.indexOf('t')));
}

/** What a node has without what it keeps for itself: what is said of it wins over what it says. */
function capacity(node: Node, what: 'memory' | 'cpus'): number {
  const key = what === 'memory' ? 'memoryBytes' : 'nanoCpus';
  const { resources } = node.description!;
  return Math.max(0, resources[key] - (node.spec.reserved?.[key] ?? resources.reserved?.[key] ?? 0));
}

function idsOf(node: Node): readonly string[] {
  return node.description!.resources.generic[0]?.ids ?? [];
}
