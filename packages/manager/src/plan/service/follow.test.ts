import assert from 'node:assert/strict';
import type { ServiceSpec } from '@tessera/api';
import { isLive } from '../../model/task.js';
import { readyNode, serviceSpec } from '../../model/testing/builders.js';
import { serviceProgress } from '../progress.js';
import { obey, obeyFor, running } from '../testing/agents.js';
import { World } from '../testing/world.js';

const SETTLED_MS = 60_000;

function db(image: string, replicas = 1): ServiceSpec {
  return serviceSpec('db', replicas, (spec) => void (spec.template.container.image = image));
}

function web(restart: boolean, change: (spec: ServiceSpec) => void = () => {}): ServiceSpec {
  return serviceSpec('web', 3, (spec) => {
    spec.dependsOn = [{ service: 'db', condition: 'service_started', required: true, restart }];
    change(spec);
  });
}

/** Both services run. */
function started(restart: boolean, change?: (spec: ServiceSpec) => void): World {
  const world = new World();
  for (const id of ['a', 'b']) world.putNode(readyNode(id));
  world.deploy(db('db:1'));
  world.deploy(web(restart, change));
  obeyFor(world, SETTLED_MS);
  return world;
}

const idsOf = (world: World): string[] =>
  running(world, 'web')
    .map(({ id }) => id)
    .sort();

describe('depends_on with restart is honoured (moby/moby 31333)', () => {
  it('starts the tasks of a service anew when the one that it depends on was updated', () => {
    const world = started(true);
    const before = idsOf(world);
    world.deploy(db('db:2'));
    obeyFor(world, SETTLED_MS);
    const after = idsOf(world);
    assert.equal(after.length, 3);
    assert.deepEqual(
      after.filter((id) => before.includes(id)),
      [],
    );
    obeyFor(world, SETTLED_MS);
    assert.deepEqual(idsOf(world), after, 'once');
  });

  it('does not before that update is over', () => {
    const world = started(true);
    const before = idsOf(world);
    world.deploy(db('db:2'));
    obey(world);
    assert.equal(world.view.byName('services', 'db')?.update?.state, 'updating');
    assert.deepEqual(idsOf(world), before);
  });

  const others: [string, boolean, (world: World) => void][] = [
    ['it does not ask for it', false, (world) => world.deploy(db('db:2'))],
    ['the other one was only scaled', true, (world) => world.deploy(db('db:1', 2))],
    [
      'the other one crashed and was restarted',
      true,
      (world) => world.report(running(world, 'db')[0]!.id, 'failed', { finishedAt: world.now, error: 'exit code 1' }),
    ],
  ];
  for (const [why, restart, act] of others) {
    it(`leaves its tasks alone when ${why}`, () => {
      const world = started(restart);
      const before = idsOf(world);
      act(world);
      obeyFor(world, SETTLED_MS);
      assert.deepEqual(idsOf(world), before);
    });
  }

  it('keeps to the parallelism and the order of its own updates', () => {
    for (const order of ['stop-first', 'start-first'] as const) {
      const world = started(true, (spec) => void (spec.update = { ...spec.update, order, parallelism: 1 }));
      world.deploy(db('db:2'));
      let fewest = 3;
      let most = 3;
      for (let round = 0; round < 300; round++) {
        const againInMs = world.settle();
        fewest = Math.min(fewest, running(world, 'web').length);
        most = Math.max(most, world.tasks('web').filter((task) => isLive(task) && task.desired === 'running').length);
        const waiting = world.tasks('web').find((task) => task.desired === 'running' && task.status.state === 'assigned');
        const leaving = world.tasks('web').find((task) => task.desired === 'shutdown' && isLive(task));
        if (leaving) world.report(leaving.id, 'shutdown');
        else if (waiting) world.report(waiting.id, 'running');
        else {
          for (const task of world.tasks('db')) world.report(task.id, task.desired === 'shutdown' ? 'shutdown' : 'running');
          world.now += againInMs ?? 1_000;
        }
      }
      assert.deepEqual([fewest, most], order === 'stop-first' ? [2, 3] : [3, 4], order);
      assert.equal(idsOf(world).length, 3);
    }
  });

  it('is not done before the tasks run anew', () => {
    const world = started(true);
    world.deploy(db('db:2'));
    const isDone = (): boolean => serviceProgress(world.view, world.view.byName('services', 'web')!, world.now).converged;
    for (let round = 0; round < 50 && world.view.byName('services', 'db')?.update?.state !== 'completed'; round++) {
      obey(world, ({ serviceName }) => serviceName === 'db');
      world.now += 1_000;
      world.settle();
    }
    assert.equal(isDone(), false);
    obeyFor(world, SETTLED_MS);
    assert.equal(isDone(), true);
  });
});
