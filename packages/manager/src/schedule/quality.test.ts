import assert from 'node:assert/strict';
import type { ServiceSpec } from '@tessera/api';
import { SeededRandom } from '@tessera/kit';
import fc from 'fast-check';
import { readyNode, serviceSpec } from '../model/testing/builders.js';
import { ScheduledWorld } from './testing/scheduled-world.js';

const CORE = 1e9;
const GIB = 1024 ** 3;
const NODE = { nanoCpus: 64 * CORE, memoryBytes: 256 * GIB };

/** Deploys services, each after the one before. @returns node id of each placed task, by service */
function place(world: ScheduledWorld, services: ReadonlyArray<{ replicas: number; change: (spec: ServiceSpec) => void }>): string[][] {
  services.forEach(({ replicas, change }, index) => {
    world.now++;
    world.deploy(`s${index}`, replicas, serviceSpec(`s${index}`, replicas, change));
  });
  world.pass();
  return services.map((_, index) => [...world.view.tasksOfService(`s${index}`)].flatMap(({ nodeId }) => nodeId ?? []));
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

  it('packs a load of mixed sizes on at most 5% more nodes than its volume needs', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const random = new SeededRandom(seed);
      const world = new ScheduledWorld();
      for (let index = 0; index < 400; index++) world.putNode(readyNode(`n${index}`, { resources: NODE }));
      const services = Array.from({ length: 80 }, () => {
        // 1 to 16 GiB, and a core for each 4 GiB, more or less.
        const memoryBytes = Math.ceil(random.next() * 16) * GIB;
        const nanoCpus = Math.round((memoryBytes / (4 * GIB)) * CORE * (0.8 + random.next() * 0.4));
        const replicas = 1 + Math.floor(random.next() * 100);
        const change = (spec: ServiceSpec): void => {
          spec.placement.strategy = 'binpack';
          spec.template.reservations = { nanoCpus, memoryBytes, generic: [] };
        };
        return { replicas, change, nanoCpus, memoryBytes };
      });
      const places = place(world, services);
      services.forEach(({ replicas }, index) => void assert.equal(places[index]!.length, replicas));
      const volume = (pick: (service: (typeof services)[number]) => number): number =>
        services.reduce((sum, service) => sum + service.replicas * pick(service), 0);
      const bound = Math.ceil(
        Math.max(volume(({ nanoCpus }) => nanoCpus) / NODE.nanoCpus, volume(({ memoryBytes }) => memoryBytes) / NODE.memoryBytes),
      );
      const used = new Set(places.flat()).size;
      assert.ok(used <= Math.ceil(bound * 1.05), `seed ${seed}: ${used} nodes, and the volume fills ${bound}`);
    }
  });
});
