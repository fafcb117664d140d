import assert from 'node:assert/strict';
import type { ServiceSpec, Task } from '@tessera/api';
import fc from 'fast-check';
import { isWanted } from '../../model/task.js';
import { readyNode, serviceSpec } from '../../model/testing/builders.js';
import { obey, obeyFor, running } from '../testing/agents.js';
import { World } from '../testing/world.js';
import { explain } from '../why/index.js';
import { obstacleTo, planMoves } from './moves.js';
import { planRebalance } from './rebalance.js';

const MINUTE = 60_000;

function even(name: string, replicas: number, change: (spec: ServiceSpec) => void = () => {}): ServiceSpec {
  return serviceSpec(name, replicas, (spec) => {
    spec.rebalance = { budget: 1 };
    change(spec);
  });
}

function cluster(...ids: string[]): World {
  const world = new World();
  for (const id of ids) world.putNode(readyNode(id));
  return world;
}

/** The rebalancer looks, and everybody does what follows, until it moves nothing any more. @returns the number of moves */
function rebalance(world: World): number {
  for (let moves = 0; moves < 200; ) {
    const { changes, againInMs } = planRebalance(world.view, world.now);
    if (changes.length === 0 && againInMs === undefined) return moves;
    if (changes.length === 0) world.now += againInMs!;
    moves += changes.length;
    world.carryOut(changes);
    assert.deepEqual(planRebalance(world.view, world.now).changes, [], 'a plan on its own result is empty');
    obeyFor(world, MINUTE);
  }
  throw new Error('the rebalancer does not come to rest');
}

function perNode(world: World, service: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { nodeId = '' } of running(world, service)) counts[nodeId] = (counts[nodeId] ?? 0) + 1;
  return counts;
}

const serviceOf = (world: World, name = 'web') => world.view.byName('services', name)!;

describe('Rebalancing (moby/moby 24103: no rebalance when nodes return)', () => {
  it('gives a node that has come back its share again, one task after the other, never with one task fewer', () => {
    const world = cluster('a', 'b', 'c');
    world.deploy(even('web', 6));
    obey(world);
    world.setNode('c', (node) => void (node.status.state = 'down'));
    obey(world);
    assert.deepEqual(perNode(world, 'web'), { a: 3, b: 3 });
    world.setNode('c', (node) => void (node.status = { state: 'ready', message: '', at: world.now }));
    obey(world);
    assert.deepEqual(planRebalance(world.view, world.now), { changes: [], againInMs: 30_000 });
    world.now += 30_000;
    const { changes } = planRebalance(world.view, world.now);
    assert.equal(changes.length, 1);
    world.carryOut(changes);
    world.settle();
    assert.equal(running(world, 'web').length, 6);
    assert.equal(world.tasks('web').filter(({ nodeId, desired }) => nodeId === 'c' && desired === 'running').length, 1);
    obey(world);
    rebalance(world);
    assert.deepEqual(perNode(world, 'web'), { a: 2, b: 2, c: 2 });
  });

  it('leaves services alone that do not ask for it, unless a user does', () => {
    const world = cluster('a');
    world.deploy(serviceSpec('web', 4));
    obey(world);
    world.putNode(readyNode('b'));
    world.now += MINUTE;
    assert.deepEqual(planRebalance(world.view, world.now), { changes: [] });
    const moves = planMoves(world.view, [serviceOf(world)], world.now, 10);
    assert.deepEqual(
      moves.map(({ from, to }) => `${from.id}>${to.id}`),
      ['a>b', 'a>b'],
    );
    assert.equal(planMoves(world.view, [serviceOf(world)], world.now, 1).length, 1);
  });

  it('moves nothing for the sake of one task', () => {
    const world = cluster('a', 'b');
    world.deploy(even('web', 3));
    obey(world);
    world.now += MINUTE;
    assert.equal(rebalance(world), 0);
  });

  it('moves only where the scheduler would place a task: not where it has no room, nor against its constraints', () => {
    const world = cluster('a');
    world.deploy(even('web', 4, (spec) => void (spec.template.reservations.memoryBytes = 1024 ** 3)));
    obey(world);
    world.putNode(readyNode('small', { resources: { memoryBytes: 1024 ** 2 } }));
    world.now += MINUTE;
    assert.equal(rebalance(world), 0);
    world.putNode(readyNode('b'));
    world.now += MINUTE;
    assert.equal(rebalance(world), 2);
  });

  it('spreads over zones before nodes', () => {
    const world = new World();
    for (const [id, zone] of [
      ['a1', 'a'],
      ['b1', 'b'],
      ['b2', 'b'],
      ['b3', 'b'],
    ] as const)
      world.putNode(readyNode(id, { labels: { zone } }));
    world.deploy(even('web', 6, (spec) => void (spec.placement.preferences = [{ spread: 'node.labels.zone' }])));
    obey(world);
    world.now += MINUTE;
    assert.deepEqual(perNode(world, 'web'), { a1: 3, b1: 1, b2: 1, b3: 1 });
    assert.equal(rebalance(world), 0);
  });

  it('waits while a service is not at rest, and never touches those of which two tasks must not run', () => {
    const world = cluster('a');
    world.deploy(even('web', 2));
    assert.equal(obstacleTo(world.view, serviceOf(world)), '0 of 2 tasks run: it is not at rest');
    obey(world);
    assert.equal(obstacleTo(world.view, serviceOf(world)), undefined);
    world.deploy(
      even('db', 2, (spec) => {
        spec.template.container.mounts = [
          { type: 'volume', source: 'data', target: '/data', readOnly: false },
        ] as typeof spec.template.container.mounts;
      }),
    );
    obey(world);
    assert.match(obstacleTo(world.view, serviceOf(world, 'db')) ?? '', /must not run side by side/);
    world.deploy(even('each', 0, (spec) => void (spec.mode = { kind: 'global' })));
    assert.match(obstacleTo(world.view, serviceOf(world, 'each')) ?? '', /it is global/);
  });

  /** Four tasks on node a, node b has come, and one of them is told to move there. */
  function moving(): { world: World; movedId: string } {
    const world = cluster('a');
    world.deploy(even('web', 4));
    obey(world);
    world.putNode(readyNode('b'));
    world.now += MINUTE;
    const { changes } = planRebalance(world.view, world.now);
    assert.equal(changes.length, 1);
    world.carryOut(changes);
    world.settle();
    return { world, movedId: world.tasks('web').find(({ move }) => move)!.id };
  }
  const successors = (world: World) => world.tasks('web').filter((task) => task.nodeId === 'b' && isWanted(task));

  it('gives a move up when its successor fails: the task stays and is told so, and only the user moves it again', () => {
    const { world, movedId } = moving();
    world.report(successors(world)[0]!.id, 'failed', { finishedAt: world.now, error: 'exit code 3' });
    obey(world);
    assert.deepEqual([perNode(world, 'web'), successors(world)], [{ a: 4 }, []]);
    assert.equal(world.view.get('tasks', movedId)?.move?.givenUp, 'its successor ended: exit code 3');
    assert.equal(
      explain(world.view, { kind: 'task', object: world.view.get('tasks', movedId)! }, world.now).findings[0]?.text,
      'moves from a to b for a more even spread: given up, and it stays, since its successor ended: exit code 3',
    );
    obeyFor(world, 60 * MINUTE);
    const next = planRebalance(world.view, world.now).changes;
    assert.ok(next.length === 1 && next.every((change) => change.type === 'put' && change.object.id !== movedId), 'another one is tried');
    const asked = planMoves(world.view, [serviceOf(world)], world.now, 9, ({ id }) => id === movedId);
    assert.deepEqual(
      asked.map(({ task }) => task.id),
      [movedId],
    );
  });

  it('gives a move up when its successor has not come up within the progress deadline, and stops it', () => {
    const { world, movedId } = moving();
    obeyFor(world, 9 * MINUTE);
    const isStuck = ({ nodeId }: Task): boolean => nodeId !== 'b';
    assert.equal(world.view.get('tasks', movedId)?.desired, 'shutdown', 'one that comes up in time has moved');
    const late = moving();
    obey(late.world, isStuck);
    late.world.now += 9 * MINUTE;
    obey(late.world, isStuck);
    assert.equal(late.world.view.get('tasks', late.movedId)?.move?.givenUp, undefined);
    late.world.now += 2 * MINUTE;
    obey(late.world, isStuck);
    assert.match(late.world.view.get('tasks', late.movedId)?.move?.givenUp ?? '', /^its successor did not come up within 10m/);
    assert.deepEqual([perNode(late.world, 'web'), successors(late.world)], [{ a: 4 }, []]);
  });

  it('ends with an even spread, whatever nodes come and however tasks lie, and then moves nothing more', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 3 }),
        (replicas, before, more) => {
          const world = cluster(...Array.from({ length: before }, (_, index) => `n${index}`));
          world.deploy(even('web', replicas));
          obey(world);
          for (let index = 0; index < more; index++) world.putNode(readyNode(`m${index}`));
          world.now += MINUTE;
          rebalance(world);
          const counts = Object.values(perNode(world, 'web'));
          assert.equal(
            counts.reduce((sum, count) => sum + count, 0),
            replicas,
          );
          const least = counts.length < before + more ? 0 : Math.min(...counts);
          assert.ok(Math.max(...counts) - least <= 1, JSON.stringify(perNode(world, 'web')));
        },
      ),
      { numRuns: 30 },
    );
  });
});
