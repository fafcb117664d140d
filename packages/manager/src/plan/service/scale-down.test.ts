import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isWanted } from '../../model/task.js';
import { readyNode, serviceSpec } from '../../model/testing/builders.js';
import { obey, running } from '../testing/agents.js';
import { World } from '../testing/world.js';

const ZONES: Record<string, string> = { a: 'x', b: 'x', c: 'x', d: 'y' };

function cluster(): World {
  const world = new World();
  for (const [id, zone] of Object.entries(ZONES)) world.putNode(readyNode(id, { labels: { zone } }));
  return world;
}

function scale(world: World, replicas: number, byZone = false): void {
  world.deploy(
    serviceSpec('web', replicas, (spec) => {
      if (byZone) spec.placement.preferences = [{ spread: 'node.labels.zone' }];
    }),
  );
  obey(world);
}

const slotsOf = (world: World): number[] =>
  running(world, 'web')
    .map(({ slot = 0 }) => slot)
    .sort((a, b) => a - b);

function taskOf(world: World, slot: number) {
  return world.tasks('web').find((task) => task.slot === slot && isWanted(task))!;
}

function count(world: World, of: (nodeId: string) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { nodeId = '' } of running(world, 'web')) counts[of(nodeId)] = (counts[of(nodeId)] ?? 0) + 1;
  return counts;
}

describe('scaling down', () => {
  const ills: [string, (world: World) => void][] = [
    [
      'a task that waits for a node',
      (world) => {
        for (const id of Object.keys(ZONES)) world.setNode(id, (node) => void (node.spec.availability = 'pause'));
        world.report(taskOf(world, 2).id, 'failed', { finishedAt: world.now });
        world.now += 5_000;
        obey(world);
      },
    ],
    ['a task that starts', (world) => restart(world, 2, false)],
    ['a task that is unhealthy', (world) => world.report(taskOf(world, 2).id, 'running', { health: 'unhealthy' })],
    [
      'a task on a node that is being emptied, where nothing else has room',
      (world) => {
        const { nodeId = '' } = taskOf(world, 2);
        for (const id of Object.keys(ZONES)) world.setNode(id, (node) => void (node.spec.availability = id === nodeId ? 'drain' : 'pause'));
        world.settle();
      },
    ],
    ['a task that crashed lately', (world) => restart(world, 2, true)],
  ];
  for (const [what, harm] of ills) {
    it(`gives up ${what} before those that do well`, () => {
      const world = cluster();
      scale(world, 4);
      harm(world);
      world.deploy(serviceSpec('web', 3));
      world.settle();
      const kept = world
        .tasks('web')
        .filter(isWanted)
        .map(({ slot }) => slot);
      assert.deepEqual([...new Set(kept)].sort(), [1, 3, 4]);
    });
  }

  it('gives up the one that crashed most often first, and forgives after a minute', () => {
    const world = cluster();
    scale(world, 4);
    restart(world, 3, true);
    for (let crash = 0; crash < 2; crash++) restart(world, 2, true);
    scale(world, 3);
    assert.deepEqual(slotsOf(world), [1, 3, 4]);
    world.now += 60_000;
    scale(world, 2);
    assert.deepEqual(slotsOf(world), [1, 3]);
  });

  it('keeps the spread over zones, and over nodes in them', () => {
    const world = cluster();
    scale(world, 12, true);
    assert.deepEqual(
      count(world, (id) => ZONES[id]!),
      { x: 6, y: 6 },
    );
    for (const replicas of [9, 6, 4, 2]) {
      scale(world, replicas, true);
      const zones = Object.values(count(world, (id) => ZONES[id]!));
      assert.ok(Math.max(...zones) - Math.min(...zones) <= 1, JSON.stringify(zones));
    }
  });

  it('ends as even as it began, from and to any size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 30 }), (from, by) => {
        const world = cluster();
        scale(world, from);
        scale(world, Math.max(0, from - by));
        const counts = count(world, (id) => id);
        const all = Object.keys(ZONES).map((id) => counts[id] ?? 0);
        assert.ok(Math.max(...all) - Math.min(...all) <= 1, JSON.stringify(counts));
        assert.equal(running(world, 'web').length, Math.max(0, from - by));
      }),
      { numRuns: 50 },
    );
  });
});

/** The task of a slot crashes and is started anew; `runs`: and runs. */
function restart(world: World, slot: number, runs: boolean): void {
  world.report(taskOf(world, slot).id, 'failed', { finishedAt: world.now });
  world.settle();
  world.now += 5_000;
  obey(world, (task) => runs || task.slot !== slot);
}
