import assert from 'node:assert/strict';
import type { AffinityTerm, Node } from '@tessera/api';
import fc from 'fast-check';
import { readyNode, serviceSpec } from '../../model/testing/builders.js';
import { ScheduledWorld } from '../testing/scheduled-world.js';

const SERVICES = 4;
const topology = fc.constantFrom('node.id', 'node.labels.zone');

interface Term {
  kind: 'near' | 'apart';
  service: number;
  topology: string;
  weight: number | undefined;
}

interface Wish {
  replicas: number;
  memory: number;
  tolerant: boolean;
  ssdWeight: number;
  zones: boolean;
  terms: Term[];
}

interface Host {
  memory: number;
  zone: string;
  ssd: boolean;
  taint: 'no-schedule' | 'prefer-no-schedule' | undefined;
}

const term: fc.Arbitrary<Term> = fc.record({
  kind: fc.constantFrom('near' as const, 'apart' as const),
  service: fc.integer({ min: 0, max: SERVICES - 1 }),
  topology,
  weight: fc.constantFrom(undefined, undefined, 10, 25),
});
const wishes: fc.Arbitrary<Wish[]> = fc.array(
  fc.record({
    replicas: fc.integer({ min: 1, max: 5 }),
    memory: fc.integer({ min: 0, max: 2 }),
    tolerant: fc.boolean(),
    ssdWeight: fc.constantFrom(0, 10),
    zones: fc.boolean(),
    terms: fc.array(term, { maxLength: 2 }),
  }),
  { minLength: 1, maxLength: SERVICES },
);
const hosts: fc.Arbitrary<Host[]> = fc.array(
  fc.record({
    memory: fc.integer({ min: 1, max: 6 }),
    zone: fc.constantFrom('x', 'y', 'z'),
    ssd: fc.boolean(),
    taint: fc.constantFrom(undefined, undefined, undefined, 'no-schedule' as const, 'prefer-no-schedule' as const),
  }),
  { maxLength: 6 },
);

function toNode({ memory, zone, ssd, taint }: Host, index: number): Node {
  const node = readyNode(`n${index}`, { labels: { zone, ...(ssd && { disk: 'ssd' }) }, resources: { memoryBytes: memory, nanoCpus: 1 } });
  if (taint) node.spec.taints = [{ key: 'kept', value: '', effect: taint }];
  return node;
}

function toTerm({ service, topology, weight }: Term): AffinityTerm {
  return { service: `s${service}`, topology, ...(weight !== undefined && { weight }) };
}

function buildWorld(nodes: readonly Node[], wanted: readonly Wish[]): ScheduledWorld {
  const world = new ScheduledWorld();
  for (const node of nodes) world.putNode(node);
  wanted.forEach((wish, index) => {
    world.now = index + 1;
    const of = (kind: Term['kind']): AffinityTerm[] => wish.terms.filter((term) => term.kind === kind).map(toTerm);
    const spec = serviceSpec(`s${index}`, wish.replicas, ({ placement, template }) => {
      template.reservations.memoryBytes = wish.memory;
      placement.affinity = {
        near: of('near'),
        apart: of('apart'),
        nodes: wish.ssdWeight > 0 ? [{ constraint: 'node.labels.disk==ssd', weight: wish.ssdWeight }] : [],
      };
      if (wish.zones) placement.preferences = [{ spread: 'node.labels.zone' }];
      if (wish.tolerant) placement.tolerations = [{ key: 'kept' }];
    });
    world.deploy(`s${index}`, wish.replicas, spec);
  });
  return world;
}

/** The rules once more, with nothing clever: every task looks at every node and counts everything anew. */
class Plain {
  readonly places = new Map<string, Node>();

  constructor(
    private readonly nodes: readonly Node[],
    private readonly wanted: readonly Wish[],
  ) {
    let due = [...wanted.keys()];
    while (due.length > 0) {
      // What was placed may let tasks near it that had nowhere to go: they come in the next round.
      const placed = due.filter((service) => this.#serve(service));
      due = [...wanted.keys()].filter((service) => placed.some((other) => this.#concerns(other, service)));
    }
  }

  /** @returns whether any of its tasks found a node */
  #serve(service: number): boolean {
    let placed = false;
    for (let slot = 1; slot <= this.wanted[service]!.replicas; slot++) {
      const task = `s${service}.${slot}`;
      const best = this.places.has(task) ? undefined : this.#best(service);
      if (!best) continue;
      this.places.set(task, best);
      placed = true;
    }
    return placed;
  }

  /** Whether what must hold for tasks of a service depends on where those of the other one are. */
  #concerns(other: number, service: number): boolean {
    const names = (one: number, named: number): boolean =>
      this.wanted[one]!.terms.some((term) => term.weight === undefined && term.service === named);
    return names(service, other) || names(other, service);
  }

  #best(service: number): Node | undefined {
    const wish = this.wanted[service]!;
    const zone = (node: Node): string => node.spec.labels.zone!;
    const inZone = (node: Node): number => this.#count(service, 'node.labels.zone', node);
    return this.nodes
      .filter((node) => this.#fits(service, node))
      .sort(
        (a, b) =>
          this.#score(service, b) - this.#score(service, a) ||
          (wish.zones ? inZone(a) - inZone(b) || zone(a).localeCompare(zone(b)) : 0) ||
          this.#count(service, 'node.id', a) - this.#count(service, 'node.id', b) ||
          this.#on(a).length - this.#on(b).length ||
          this.#free(b) / memoryOf(b) - this.#free(a) / memoryOf(a) ||
          a.id.localeCompare(b.id),
      )[0];
  }

  #fits(service: number, node: Node): boolean {
    const wish = this.wanted[service]!;
    if (this.#free(node) < wish.memory || (isTainted(node, 'no-schedule') && !wish.tolerant)) return false;
    const holds = ({ kind, service: other, topology }: Term): boolean => {
      if (kind === 'apart') return this.#count(other, topology, node) === 0;
      const isFirst = other === service && [...this.places.keys()].every((task) => serviceOf(task) !== service);
      return isFirst || this.#count(other, topology, node) > 0;
    };
    const isKeptAway = this.wanted.some((foreign, other) =>
      foreign.terms.some(
        (term) =>
          term.kind === 'apart' &&
          term.weight === undefined &&
          other !== service &&
          term.service === service &&
          this.#count(other, term.topology, node) > 0,
      ),
    );
    return !isKeptAway && wish.terms.filter(({ weight }) => weight === undefined).every(holds);
  }

  #score(service: number, node: Node): number {
    const { terms, ssdWeight, tolerant } = this.wanted[service]!;
    const wished = terms.map(({ kind, service: other, topology, weight = 0 }) =>
      this.#count(other, topology, node) === 0 ? 0 : kind === 'near' ? weight : -weight,
    );
    const taint = isTainted(node, 'prefer-no-schedule') && !tolerant ? -10_000 : 0;
    return wished.reduce((sum, each) => sum + each, taint + (node.spec.labels.disk === 'ssd' ? ssdWeight : 0));
  }

  #count(service: number, topology: string, node: Node): number {
    const isSame = (other: Node): boolean =>
      topology === 'node.id' ? other.id === node.id : other.spec.labels.zone === node.spec.labels.zone;
    return [...this.places].filter(([task, place]) => serviceOf(task) === service && isSame(place)).length;
  }

  #on(node: Node): string[] {
    return [...this.places].filter(([, place]) => place.id === node.id).map(([task]) => task);
  }

  #free(node: Node): number {
    return this.#on(node).reduce((free, task) => free - this.wanted[serviceOf(task)]!.memory, memoryOf(node));
  }
}

function serviceOf(task: string): number {
  return Number(task.slice(1, task.indexOf('.')));
}

function memoryOf(node: Node): number {
  return node.description!.resources.memoryBytes;
}

function isTainted(node: Node, effect: string): boolean {
  return node.spec.taints?.some((taint) => taint.effect === effect) ?? false;
}

describe('affinity and taints beside brute force', () => {
  it('decide as the plain rules do on every small cluster', () => {
    fc.assert(
      fc.property(hosts, wishes, (specs, wanted) => {
        const nodes = specs.map(toNode);
        const world = buildWorld(nodes, wanted);
        world.now = 100;
        world.pass();
        const places = [...world.view.all('tasks')].filter((task) => task.nodeId).map((task) => [task.id, task.nodeId]);
        const plain = [...new Plain(nodes, wanted).places].map(([task, node]) => [task, node.id]);
        assert.deepEqual(places.sort(), plain.sort());
      }),
      { numRuns: 500 },
    );
  });
});
