import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readyNode } from '../model/testing/builders.js';
import { bestByLoad } from './best-by-load.js';
import type { Claim } from './claim.js';
import { holdsImage } from './image.js';
import { NodeTable } from './node-table.js';
import { ranking } from './ranking.js';
import type { TaskRef } from './task-map.js';

const OWN = 'own';
const IMAGE = 'registry.example.com/app:1';
const number = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });

interface Host {
  memory: number;
  hasImage: boolean;
  suits: boolean;
}

/** A task of the service itself or of another one comes to a node, leaves it again, or the node is described or made anew. */
interface Step {
  what: 'own' | 'other' | 'leave' | 'describe' | 'replace';
  node: number;
  host: Host;
}

const host = fc.record({ memory: number(2, 9), hasImage: fc.constantFrom(false, false, true), suits: fc.constantFrom(true, true, false) });
const steps = fc.array(
  fc.record({
    what: fc.constantFrom('own', 'other', 'other', 'other', 'leave', 'describe', 'replace'),
    node: number(0, 23),
    host,
  }) as fc.Arbitrary<Step>,
  { maxLength: 60 },
);

function claim(serviceId: string): Claim {
  return { serviceId, nanoCpus: 0, memoryBytes: 1, generic: [], hostPorts: [], networks: [] };
}

/** A table that went through steps, one that is asked after each. */
class World {
  readonly table = new NodeTable();
  readonly #hosts: Host[] = [];
  readonly #ids: string[] = [];
  readonly #claims = { own: claim(OWN), other: claim('other') };
  #tasks: TaskRef[] = [];

  constructor(hosts: readonly Host[]) {
    hosts.forEach((one, node) => {
      this.#put(node, one);
      this.take({ what: 'other', node, host: one });
    });
  }

  take({ what, node, host: one }: Step): void {
    const at = node % this.#hosts.length;
    if (what === 'leave') for (const task of this.#tasks.splice(at % this.#tasks.length, 1)) this.table.release(task);
    else if (what === 'describe') this.#put(at, one);
    else if (what === 'replace') {
      this.table.deleteNode(this.#ids[at]!);
      this.#ids[at] = `n${9 - this.#tasks.length}/${at}`;
      this.#put(at, one);
    } else {
      this.#tasks.push({ id: `t${this.#tasks.length}-${at}`, serviceId: this.#claims[what].serviceId });
      this.table.claim(this.#tasks.at(-1)!, this.table.indexOf(this.#ids[at]!)!, this.#claims[what]);
    }
  }

  suits(index: number): boolean {
    return this.#hosts[this.#ids.indexOf(this.table.node(index)!.id)]!.suits;
  }

  walked(): number | undefined {
    return bestByLoad({ table: this.table, serviceId: OWN, image: IMAGE, suits: (index) => this.suits(index) });
  }

  /** What ranking all of them says. */
  ranked(): number | undefined {
    const suiting = this.table.indices().filter((index) => this.suits(index));
    const counts = Int32Array.from({ length: this.table.size }, (_, index) => this.table.countsOf(OWN).get(index) ?? 0);
    const before = ranking(this.table, 'spread', counts, holdsImage(this.table, IMAGE, suiting));
    return suiting.sort((a, b) => (before(a, b) ? -1 : 1))[0];
  }

  #put(node: number, one: Host): void {
    this.#hosts[node] = one;
    const object = readyNode((this.#ids[node] ??= `n/${node}`), { resources: { memoryBytes: one.memory } });
    object.description!.images = one.hasImage ? [IMAGE] : [];
    this.table.putNode(object);
  }
}

describe('bestByLoad', () => {
  it('finds the node that ranking all of them finds, whatever came and went', () => {
    fc.assert(
      fc.property(fc.array(host, { minLength: 1, maxLength: 24 }), steps, (hosts, all) => {
        const world = new World(hosts);
        for (const step of all) {
          world.take(step);
          assert.equal(world.walked(), world.ranked());
        }
      }),
      { numRuns: 500 },
    );
  });

  it('says nothing rather than look at many', () => {
    const world = new World(Array.from({ length: 50 }, (_, node) => ({ memory: 3, hasImage: false, suits: node === 49 })));
    let asked = 0;
    const suits = (index: number): boolean => {
      asked++;
      return world.suits(index);
    };
    assert.equal(bestByLoad({ table: world.table, serviceId: OWN, image: IMAGE, suits }), undefined);
    assert.equal(asked, 32);
  });
});
