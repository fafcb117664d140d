import assert from 'node:assert/strict';
import type { ServiceProgress, ServiceSpec, Task, UpdateConfig } from '@tessera/api';
import { readyNode, serviceSpec } from '../../../model/testing/builders.js';
import { serviceProgress } from '../../progress.js';
import { obey, obeyFor, runningImages } from '../../testing/agents.js';
import { World } from '../../testing/world.js';

const LIMIT_MS = 300_000;

function spec(image: string, update: Partial<UpdateConfig>, change: (spec: ServiceSpec) => void = () => {}): ServiceSpec {
  return serviceSpec('web', 3, (draft) => {
    draft.template.container.image = image;
    draft.progressDeadlineMs = LIMIT_MS;
    Object.assign(draft.update, update);
    change(draft);
  });
}

function cluster(): World {
  const world = new World();
  for (const id of ['a', 'b', 'c']) world.putNode(readyNode(id));
  return world;
}

/** app:1 runs, and the update to app:2 has begun. */
function updating(update: Partial<UpdateConfig>, change?: (spec: ServiceSpec) => void): World {
  const world = cluster();
  world.deploy(spec('app:1', update));
  obey(world);
  world.now += 1_000;
  world.deploy(spec('app:2', update, change));
  return world;
}

/** Time passes; old tasks obey, new ones are stuck, unless others are to start. */
function starve(world: World, ms: number, starts: (task: Task) => boolean = isOld): void {
  const end = world.now + ms;
  for (;;) {
    obey(world, starts);
    const againInMs = world.settle();
    if (againInMs === undefined || world.now + againInMs > end) break;
    world.now += againInMs;
  }
  world.now = end;
  obey(world, starts);
}

const isOld = (task: Task): boolean => task.image === 'app:1';
const update = (world: World) => world.view.get('services', 'web')!.update;
const progress = (world: World): ServiceProgress => serviceProgress(world.view, world.view.get('services', 'web')!, world.now);
const tooLarge = (draft: ServiceSpec): void => void (draft.template.reservations.memoryBytes = 2 ** 50);

describe('the progress deadline', () => {
  it('ends an update whose task has no place (moby/moby 35849: pending without a reason)', () => {
    const world = updating({}, tooLarge);
    starve(world, LIMIT_MS - 1);
    assert.equal(update(world)?.state, 'updating');
    starve(world, 1);
    assert.deepEqual([update(world)?.state, update(world)?.cause], ['paused', 'deadline']);
    assert.match(update(world)!.message, /^update paused: 1 of 3 slots did not come up within 5m \(slot 1\): 0\/3 nodes/);
    assert.equal(progress(world).verdict, 'deadline');
    assert.equal(runningImages(world, 'web').filter((image) => image === 'app:1').length, 2);
  });

  it('ends an update whose pull never ends, and rolls back when the settings say so', () => {
    const world = updating({ failureAction: 'rollback', order: 'start-first' });
    obey(world, isOld);
    for (const task of world.tasks('web'))
      if (!isOld(task)) world.report(task.id, 'preparing', { message: 'pulling app:2, 3 of 9 layers' });
    starve(world, LIMIT_MS);
    obeyFor(world, 60_000);
    assert.deepEqual([update(world)?.state, update(world)?.cause], ['rollback-completed', 'deadline']);
    assert.match(
      update(world)!.message,
      /^rolled back to revision 1: 1 of 3 slots did not come up within 5m \(slot 1\): pulling app:2, 3 of 9/,
    );
    assert.deepEqual([progress(world).verdict, progress(world).converged], ['rolled-back', true]);
    assert.deepEqual(runningImages(world, 'web'), Array(3).fill('app:1'));
  });

  it('ends an update whose task never becomes healthy', () => {
    const world = updating({});
    obey(world, isOld);
    for (const task of world.tasks('web'))
      if (!isOld(task)) world.report(task.id, 'running', { health: 'starting', message: 'no answer yet' });
    starve(world, LIMIT_MS);
    assert.match(update(world)!.message, /\(slot 1\): unhealthy: no answer yet$/);
  });

  it('counts crashes that come later than the monitor time from the last good run', () => {
    const world = updating({ parallelism: 0, failureAction: 'pause' });
    obeyFor(world, 60_000);
    assert.equal(update(world)?.state, 'completed');
    for (const task of world.tasks('web')) world.report(task.id, 'failed', { finishedAt: world.now });
    world.settle();
    assert.equal(progress(world).verdict, undefined);
  });

  it('with failure_action continue goes on with the other slots and says at the end which one did not come up', () => {
    const world = updating({ failureAction: 'continue' });
    const late = (task: Task): boolean => isOld(task) || task.slot !== 1;
    obey(world, late);
    for (const ms of [LIMIT_MS, 10_000, 10_000, 10_000]) {
      world.now += ms;
      obey(world, late);
    }
    assert.equal(update(world)?.state, 'completed');
    assert.match(update(world)!.message, /^update completed, but 1 of 3 slots did not come up within 5m \(slot 1\)/);
    assert.deepEqual(runningImages(world, 'web'), ['app:2', 'app:2']);
    assert.deepEqual([progress(world).verdict, progress(world).converged], ['deadline', false]);
  });

  it('lets as many slots be late as max_failure_ratio says', () => {
    const world = updating({ parallelism: 2, maxFailureRatio: 0.4 }, (draft) => void (draft.placement.maxReplicasPerNode = 1));
    const late = (task: Task): boolean => isOld(task) || task.slot !== 2;
    obey(world, late);
    world.now += LIMIT_MS;
    obey(world, late);
    world.now += 10_000;
    obey(world, late);
    assert.equal(update(world)?.state, 'completed');
  });

  it('of 0 waits for ever', () => {
    const world = updating({}, (draft) => {
      tooLarge(draft);
      draft.progressDeadlineMs = 0;
    });
    starve(world, 100 * LIMIT_MS);
    assert.equal(update(world)?.state, 'updating');
    assert.equal(progress(world).verdict, undefined);
  });

  it('is told of a first deploy too, which has nothing to go back to', () => {
    const world = cluster();
    world.deploy(spec('app:1', {}, tooLarge));
    obey(world);
    world.now += LIMIT_MS - 1;
    assert.equal(progress(world).verdict, undefined);
    world.now += 1;
    assert.equal(progress(world).verdict, 'deadline');
    assert.match(progress(world).failed!, /^did not come up within 5m: web\.1: 0\/3 nodes/);
  });

  it('does not count the time that a node was away with a task that had not come up yet', () => {
    // What runs on b is watched for so long that the update goes on.
    const global = (image: string): ServiceSpec =>
      spec(image, { monitorMs: 10 * LIMIT_MS }, (draft) => void (draft.mode = { kind: 'global' }));
    const starts = (task: Task): boolean => isOld(task) || task.nodeId === 'b';
    const world = new World();
    for (const id of ['a', 'b']) world.putNode(readyNode(id));
    world.deploy(global('app:1'));
    obey(world);
    world.now += 1_000;
    world.deploy(global('app:2'));
    starve(world, LIMIT_MS - 1, starts);
    world.setNode('a', (node) => void (node.status.state = 'down'));
    starve(world, LIMIT_MS, starts);
    world.setNode('a', (node) => void (node.status.state = 'ready'));
    starve(world, LIMIT_MS - 1, starts);
    assert.deepEqual([update(world)?.state, update(world)?.message], ['updating', 'update in progress']);
    starve(world, 1, starts);
    assert.deepEqual([update(world)?.state, update(world)?.cause], ['paused', 'deadline']);
  });

  it('does not run while a task waits for what it depends on', () => {
    const world = cluster();
    world.deploy(
      spec('app:1', {}, (draft) => {
        draft.dependsOn = [{ service: 'db', condition: 'service_started', required: true, restart: false }];
      }),
    );
    obey(world);
    world.now += 10 * LIMIT_MS;
    obey(world);
    assert.equal(progress(world).verdict, undefined);
    world.deploy(serviceSpec('db', 1));
    obey(world, (task) => task.serviceName === 'db');
    world.now += LIMIT_MS - 1;
    assert.equal(progress(world).verdict, undefined);
    world.now += 1;
    assert.equal(progress(world).verdict, 'deadline');
  });
});
