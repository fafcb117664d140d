import assert from 'node:assert/strict';
import type { ServiceSpec } from '@tessera/api';
import { SeededRandom } from '@tessera/kit';
import fc from 'fast-check';
import { readyNode, serviceSpec } from '../model/testing/builders.js';
import { ScheduledWorld } from './testing/scheduled-world.js';

const CORE = 1e9;
const GIB = 1024 ** 3;
const NODE = { nanoCpus: 64 * CORE, memoryBytes: 256 * GIB };

interface Load {
  nanoCpus: number;
  memoryBytes: number;
  replicas: number;
}

/**
 * What 80 services of 1 to 100 tasks (or `most`) reserve, drawn for each service; nodes have 64 cores and 256 GiB. How much more than the volume may be used when
 * all tasks wait together, and when the scheduler sees those of one service after the other (`one`).
 */
const LOADS: Record<
  string,
  { sizeOf: (random: () => number) => Pick<Load, 'nanoCpus' | 'memoryBytes'>; within: number; most?: number; one?: number }
> = {
  'tasks of 1 to 16 GiB with a core for each 4 GiB, more or less,': {
    sizeOf(random) {
      const gib = Math.ceil(random() * 16);
      return { memoryBytes: gib * GIB, nanoCpus: Math.round((gib / 4) * CORE * (0.8 + random() * 0.4)) };
    },
    within: 0.05,
  },
  'tasks of 1 to 16 GiB and, whatever that is, a quarter to four cores': {
    sizeOf: (random) => ({ memoryBytes: Math.ceil(random() * 16) * GIB, nanoCpus: Math.round((0.25 + random() * 3.75) * CORE) }),
    within: 0.05,
  },
  'the families of clouds (2, 4 or 8 GiB for each core; a quarter to four cores)': {
    sizeOf(random) {
      const gibPerCore = [2, 4, 8][Math.floor(random() * 3)]!;
      const cores = [0.25, 0.5, 1, 2, 4][Math.floor(random() * 5)]!;
      return { memoryBytes: cores * gibPerCore * GIB, nanoCpus: cores * CORE };
    },
    within: 0.05,
    one: 0.1,
  },
  'tasks of an eighth to eight cores and of a half to 32 GiB, small ones as often as large ones,': {
    sizeOf: (random) => ({
      nanoCpus: Math.round(2 ** (-3 + random() * 6) * CORE),
      memoryBytes: Math.round(2 ** (-1 + random() * 6) * GIB),
    }),
    within: 0.05,
    one: 0.06,
  },
  'large tasks, which leave gaps: 1 to 16 cores and 4 to 64 GiB,': {
    sizeOf: (random) => ({ nanoCpus: Math.round((1 + random() * 15) * CORE), memoryBytes: Math.round((4 + random() * 60) * GIB) }),
    within: 0.1,
    one: 0.17,
    most: 30,
  },
};

function toService({ nanoCpus, memoryBytes, replicas }: Load): { replicas: number; change: (spec: ServiceSpec) => void } {
  const change = (spec: ServiceSpec): void => {
    spec.placement.strategy = 'binpack';
    spec.template.reservations = { nanoCpus, memoryBytes, generic: [] };
  };
  return { replicas, change };
}

/** The lower bound by volume: no placement, however clever, needs fewer. */
function leastNodes(loads: readonly Load[]): number {
  const share = (what: 'nanoCpus' | 'memoryBytes'): number => loads.reduce((sum, load) => sum + load.replicas * load[what], 0) / NODE[what];
  return Math.ceil(Math.max(share('nanoCpus'), share('memoryBytes')));
}

/** Deploys services, each after the one before. @returns node id of each placed task, by service */
function place(world: ScheduledWorld, services: ReadonlyArray<{ replicas: number; change: (spec: ServiceSpec) => void }>): string[][] {
  services.forEach(({ replicas, change }, index) => {
    world.now++;
    world.deploy(`s${index}`, replicas, serviceSpec(`s${index}`, replicas, change));
  });
  world.pass();
  return services.map((_, index) => placesOf(world, index));
}

function placesOf(world: ScheduledWorld, service: number): string[] {
  return [...world.view.tasksOfService(`s${service}`)].flatMap(({ nodeId }) => nodeId ?? []);
}

function manyNodes(): ScheduledWorld {
  const world = new ScheduledWorld();
  for (let index = 0; index < 600; index++) world.putNode(readyNode(`n${index}`, { resources: NODE }));
  return world;
}

function countsOn(nodes: number, places: readonly string[]): number[] {
  const counts = Array.from({ length: nodes }, () => 0);
  for (const node of places) counts[Number(node.slice(1))]!++;
  return counts;
}

const range = (counts: readonly number[]): number => Math.max(...counts) - Math.min(...counts);

describe('the quality of placements', () => {
  it('spreads each service, and all together, within one task over equal nodes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 8 }), (nodes, replicas) => {
        const world = new ScheduledWorld();
        for (let index = 0; index < nodes; index++) world.putNode(readyNode(`n${index}`, { resources: NODE }));
        const places = place(
          world,
          replicas.map((count) => ({ replicas: count, change: (spec) => void (spec.template.reservations.nanoCpus = CORE / 100) })),
        );
        for (const [index, service] of places.entries()) {
          assert.equal(service.length, replicas[index]);
          assert.ok(range(countsOn(nodes, service)) <= 1, `service ${index}`);
        }
        assert.ok(range(countsOn(nodes, places.flat())) <= 1, 'all services together');
      }),
      { numRuns: 100 },
    );
  });

  for (const [what, { sizeOf, within, most = 100, one = within }] of Object.entries(LOADS)) {
    const draw = (seed: number): Load[] => {
      const random = new SeededRandom(seed);
      return Array.from({ length: 80 }, () => ({ ...sizeOf(() => random.next()), replicas: 1 + Math.floor(random.next() * most) }));
    };
    const check = (seed: number, loads: readonly Load[], places: readonly string[][], limit: number): void => {
      loads.forEach(({ replicas }, index) => void assert.equal(places[index]!.length, replicas));
      const bound = leastNodes(loads);
      const used = new Set(places.flat()).size;
      assert.ok(used <= Math.ceil(bound * (1 + limit)), `seed ${seed}: ${used} nodes, and the volume fills ${bound}`);
    };

    it(`packs ${what} on at most ${Math.round(within * 100)}% more nodes than its volume needs`, () => {
      for (let seed = 1; seed <= 5; seed++) {
        const loads = draw(seed);
        check(seed, loads, place(manyNodes(), loads.map(toService)), within);
      }
    });

    it(`packs ${what} on at most ${Math.round(one * 100)}% more when the tasks of one service after the other are made`, () => {
      for (let seed = 1; seed <= 5; seed++) {
        const loads = draw(seed);
        const world = manyNodes();
        const services = loads.map(toService);
        services.forEach(({ replicas, change }, index) => void world.deploy(`s${index}`, 0, serviceSpec(`s${index}`, replicas, change)));
        services.forEach(({ replicas }, index) => {
          for (let slot = 1; slot <= replicas; slot++) world.addTask(`s${index}`, slot);
          world.pass();
        });
        check(
          seed,
          loads,
          services.map((_, index) => placesOf(world, index)),
          one,
        );
      }
    });
  }
});
