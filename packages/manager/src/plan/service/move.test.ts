import assert from 'node:assert/strict';
import type { ServiceSpec } from '@tessera/api';
import fc from 'fast-check';
import { isLive, isToldToGo } from '../../model/task.js';
import { readyNode, serviceSpec } from '../../model/testing/builders.js';
import { obey, running } from '../testing/agents.js';
import { World } from '../testing/world.js';
import { movesStartFirst } from './starts-first.js';

/** A service on node a, and nodes b and c that came later. */
function onOneNode(replicas: number, change: (spec: ServiceSpec) => void = () => {}): World {
  const world = new World();
  world.putNode(readyNode('a'));
  world.deploy(serviceSpec('web', replicas, change));
  obey(world);
  for (const id of ['b', 'c']) world.putNode(readyNode(id));
  return world;
}

function setAvailability(world: World, to: 'drain' | 'active' | 'pause'): void {
  world.setNode('a', (node) => void (node.spec.availability = to));
}

const nodesOf = (world: World): string[] =>
  running(world, 'web')
    .map(({ nodeId }) => nodeId ?? '-')
    .sort();

const withVolume = (spec: ServiceSpec): void =>
  void spec.template.container.mounts.push({ type: 'volume', source: 'data', target: '/data' });

describe('draining a node starts successors before it stops anything (moby/moby 34139)', () => {
  it('keeps the old task until the new one runs, though updates stop first', () => {
    const world = onOneNode(1);
    const [old] = world.tasks('web');
    setAvailability(world, 'drain');
    obey(world, (task) => task.id === old?.id);
    const next = world.tasks('web').find(({ id }) => id !== old?.id);
    assert.deepEqual([next?.nodeId !== 'a', next?.desired, world.view.get('tasks', old!.id)?.desired], [true, 'running', 'running']);
    obey(world);
    assert.equal(world.view.get('tasks', old!.id)?.desired, 'shutdown');
    assert.equal(nodesOf(world).includes('a'), false);
  });

  it('keeps it also when there is no other place, and goes on when there is one', () => {
    const world = onOneNode(2);
    for (const id of ['b', 'c']) world.setNode(id, (node) => void (node.spec.availability = 'pause'));
    setAvailability(world, 'drain');
    obey(world);
    assert.deepEqual(nodesOf(world), ['a', 'a']);
    assert.match(world.tasks('web').find(({ status }) => status.state === 'pending')?.status.message ?? '', /2 paused, 1 drained/);
    world.setNode('b', (node) => void (node.spec.availability = 'active'));
    obey(world);
    assert.deepEqual(nodesOf(world), ['b', 'b']);
  });

  it('moves eight at a time, and is never short of a task', () => {
    const world = onOneNode(20);
    setAvailability(world, 'drain');
    world.settle();
    assert.equal(world.tasks('web').filter((task) => isLive(task)).length, 28);
    assert.equal(running(world, 'web').length, 20);
    obey(world);
    assert.equal(nodesOf(world).includes('a'), false);
    assert.equal(running(world, 'web').length, 20);
  });

  it('leaves things as they are when the drain is taken back in the middle', () => {
    const world = onOneNode(1);
    setAvailability(world, 'drain');
    obey(world, () => false);
    setAvailability(world, 'active');
    obey(world);
    assert.deepEqual(nodesOf(world), ['a']);
    assert.equal(world.tasks('web').filter(isLive).length, 1);
  });

  const kinds: [string, (spec: ServiceSpec) => void, boolean][] = [
    ['a service without data of its own', () => {}, true],
    ['one that must not run twice', (spec) => void (spec.template.partition = 'stop'), false],
    ['one that writes to a volume', withVolume, false],
    [
      'one that only reads a folder of the host',
      (spec) => void spec.template.container.mounts.push({ type: 'bind', source: '/etc/app', target: '/app', readOnly: true }),
      true,
    ],
    [
      'one with a volume of its own for each container',
      (spec) => void spec.template.container.mounts.push({ type: 'volume', target: '/tmp/x' }),
      true,
    ],
    [
      'one with a volume whose updates start first',
      (spec) => {
        withVolume(spec);
        spec.update.order = 'start-first';
      },
      true,
    ],
  ];
  for (const [what, change, startFirst] of kinds) {
    it(`${startFirst ? 'starts' : 'does not start'} the successor of ${what} first`, () => {
      assert.equal(movesStartFirst(serviceSpec('web', 1, change)), startFirst);
      const world = onOneNode(1, change);
      setAvailability(world, 'drain');
      obey(world, () => false);
      assert.deepEqual(nodesOf(world), startFirst ? ['a'] : []);
      obey(world);
      assert.equal(running(world, 'web').length, 1);
    });
  }

  /** The successor of the one task, while that one runs on. */
  const successor = (world: World) => world.tasks('web').find(({ nodeId, status }) => nodeId !== 'a' && status.state !== 'failed');

  for (const [what, change] of [
    ['allows no restart', (spec) => void (spec.template.restart.condition = 'none')],
    ['has no attempt left', (spec) => void (spec.template.restart.maxAttempts = 1)],
  ] as const satisfies ReadonlyArray<[string, (spec: ServiceSpec) => void]>) {
    it(`tries again when successors fail, also where the restart policy ${what}, with its delay`, () => {
      const world = onOneNode(1, change);
      setAvailability(world, 'drain');
      for (let failures = 0; failures < 3; failures++) {
        obey(world, () => false);
        world.report(successor(world)!.id, 'failed', { finishedAt: world.now });
        world.settle();
        assert.deepEqual([nodesOf(world), (successor(world)?.startAfter ?? 0) > world.now], [['a'], true]);
        world.now = successor(world)?.startAfter ?? 0;
        world.settle();
      }
      obey(world);
      assert.equal(nodesOf(world).includes('a'), false);
      assert.equal(running(world, 'web').length, 1);
    });
  }

  it('stops a task whose successor has done its work to the end, where that is enough, and does it no third time', () => {
    const world = onOneNode(1, (spec) => void (spec.template.restart.condition = 'on-failure'));
    setAvailability(world, 'drain');
    obey(world, () => false);
    world.report(successor(world)!.id, 'complete', { finishedAt: world.now });
    obey(world);
    assert.deepEqual([nodesOf(world), world.tasks('web').filter(isLive)], [[], []]);
  });

  it('takes down no more tasks at a time than an update may, where two must not run', () => {
    const world = onOneNode(6, (spec) => {
      withVolume(spec);
      spec.update.parallelism = 2;
    });
    setAvailability(world, 'drain');
    obey(world, ({ nodeId }) => nodeId === 'a');
    assert.equal(running(world, 'web').length, 4);
    obey(world);
    assert.equal(nodesOf(world).includes('a'), false);
  });

  it('never runs two where two must not run, whatever happens in which order', () => {
    const act = fc.constantFrom('drain' as const, 'active' as const, 'pause' as const, 'start' as const, 'obey' as const);
    fc.assert(
      fc.property(fc.array(act, { maxLength: 20 }), (acts) => {
        const world = onOneNode(2, (spec) => void (spec.template.partition = 'stop'));
        for (const one of acts) {
          if (one === 'start') obey(world, () => false);
          else if (one === 'obey') obey(world);
          else setAvailability(world, one);
          world.settle();
          for (const slot of [1, 2]) {
            const mayRun = world.tasks('web').filter((task) => task.slot === slot && isLive(task) && task.desired !== 'ready');
            assert.ok(mayRun.length <= 1, mayRun.map((task) => `${task.id} ${task.desired} ${isToldToGo(task)}`).join(', '));
          }
        }
      }),
    );
  });
});

describe('pausing a node', () => {
  it('leaves its tasks alone, and gives it no new ones', () => {
    const world = onOneNode(2);
    setAvailability(world, 'pause');
    world.deploy(serviceSpec('web', 5));
    obey(world);
    assert.equal(nodesOf(world).filter((id) => id === 'a').length, 2);
    assert.equal(running(world, 'web').length, 5);
  });
});
