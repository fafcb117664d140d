import assert from 'node:assert/strict';
import type { ServiceSpec, UpdateConfig } from '@tessera/api';
import { isLive } from '../../../model/task.js';
import { readyNode, serviceSpec } from '../../../model/testing/builders.js';
import { serviceProgress } from '../../progress.js';
import { obey, obeyFor, running, runningImages } from '../../testing/agents.js';
import { World } from '../../testing/world.js';

const REPLICAS = 4;

function spec(image: string, update: Partial<UpdateConfig>): ServiceSpec {
  return serviceSpec('web', REPLICAS, (draft) => {
    draft.template.container.image = image;
    Object.assign(draft.update, update);
    Object.assign(draft.rollback, { ...update, failureAction: 'pause' });
  });
}

/** Runs app:1, then begins the update to app:2. */
function updating(update: Partial<UpdateConfig>): World {
  const world = new World();
  for (const id of ['a', 'b', 'c']) world.putNode(readyNode(id));
  world.deploy(spec('app:1', update));
  obey(world);
  world.now += 1_000;
  world.deploy(spec('app:2', update));
  return world;
}

/** Takes one step: planners first, then exactly one task does as it is told, or time goes by until somebody looks again. Returns false at rest. */
function step(world: World): boolean {
  const againInMs = world.settle();
  for (const task of world.tasks('web')) {
    if (!isLive(task) || task.status.state === 'pending') continue;
    const before = world.view.revision;
    if (task.desired === 'shutdown') world.report(task.id, 'shutdown');
    else if (task.desired === 'running') world.report(task.id, 'running');
    if (world.view.revision !== before) return true;
  }
  world.now += againInMs ?? 0;
  return againInMs !== undefined;
}

function failNewTasks(world: World): void {
  const hash = world.view.get('services', 'web')!.templateHash;
  for (const task of world.tasks('web'))
    if (task.templateHash === hash && isLive(task)) world.report(task.id, 'failed', { finishedAt: world.now, error: 'exit 3' });
}

const state = (world: World): string | undefined => world.view.get('services', 'web')!.update?.state;

describe('an update', () => {
  for (const parallelism of [1, 2, 3]) {
    it(`stop-first, ${parallelism} at a time, never has fewer than ${REPLICAS - parallelism} tasks ready nor more than ${REPLICAS} in all`, () => {
      const world = updating({ parallelism });
      while (step(world)) {
        assert.ok(running(world, 'web').length >= REPLICAS - parallelism);
        const started = world
          .tasks('web')
          .filter((task) => isLive(task) && (task.desired === 'running' || task.status.state === 'running'));
        assert.ok(started.length <= REPLICAS);
      }
      assert.deepEqual(runningImages(world, 'web'), Array(REPLICAS).fill('app:2'));
    });

    it(`start-first, ${parallelism} at a time, never has fewer than ${REPLICAS} tasks ready nor more than ${REPLICAS + parallelism} in all`, () => {
      const world = updating({ parallelism, order: 'start-first' });
      while (step(world)) {
        assert.ok(running(world, 'web').length >= REPLICAS);
        assert.ok(world.tasks('web').filter(isLive).length <= REPLICAS + parallelism);
      }
      assert.deepEqual(runningImages(world, 'web'), Array(REPLICAS).fill('app:2'));
    });
  }

  describe('start-first, with a new task that runs', () => {
    const sorted = (world: World): string[] => runningImages(world, 'web').sort();
    const begun = (update: Partial<UpdateConfig> = {}): World => {
      const world = updating({ parallelism: 1, order: 'start-first', ...update });
      world.settle();
      return world;
    };
    /** How many old ones were told to go. */
    const told = (world: World): number =>
      world.tasks('web').filter(({ specRevision, desired }) => specRevision === 1 && desired === 'shutdown').length;
    const replaced = ['app:1', 'app:1', 'app:1', 'app:2'];

    it('keeps the old one until it has run for a second', () => {
      const world = begun();
      obey(world, (task) => task.specRevision === 2);
      assert.deepEqual([sorted(world), world.settle()], [['app:1', ...replaced], 1_000]);
      world.now += 1_000;
      world.settle();
      obey(world, (task) => task.specRevision === 1);
      assert.deepEqual(sorted(world).slice(0, 4), replaced);
    });

    it('keeps the old one for good when it ends before that', () => {
      const world = begun();
      obey(world, (task) => task.specRevision === 2);
      world.now += 999;
      failNewTasks(world);
      world.settle();
      assert.deepEqual([state(world), sorted(world), told(world)], ['paused', Array(REPLICAS).fill('app:1'), 0]);
    });

    it('waits no longer than the user watches', () => {
      const world = begun({ monitorMs: 0 });
      const [fresh] = world.tasks('web').filter(({ specRevision }) => specRevision === 2);
      world.report(fresh!.id, 'running');
      world.settle();
      assert.equal(told(world), 1);
    });

    it('lets the old one go at once when its health check says that it is well', () => {
      const world = begun();
      const [fresh] = world.tasks('web').filter(({ specRevision }) => specRevision === 2);
      world.report(fresh!.id, 'running', { health: 'healthy' });
      world.settle();
      assert.equal(told(world), 1);
    });

    it('lets the old one go in time though the clock of its node is ahead', () => {
      const world = begun();
      const [fresh] = world.tasks('web').filter(({ specRevision }) => specRevision === 2);
      world.report(fresh!.id, 'running', { at: world.now + 3_600_000 });
      assert.equal(world.settle(), 1_000);
    });
  });

  it('with parallelism 0 replaces all at once', () => {
    const world = updating({ parallelism: 0 });
    world.settle();
    assert.equal(running(world, 'web').length, 0);
  });

  it('waits the delay between batches', () => {
    const world = updating({ parallelism: 2, delayMs: 10_000, monitorMs: 1_000 });
    obey(world);
    assert.deepEqual(runningImages(world, 'web'), ['app:2', 'app:2', 'app:1', 'app:1']);
    assert.equal(world.settle(), 10_000);
    obeyFor(world, 10_000);
    assert.deepEqual(runningImages(world, 'web'), Array(REPLICAS).fill('app:2'));
  });

  it('is completed when its last task was watched for the monitor time', () => {
    const world = updating({ parallelism: 0, monitorMs: 7_000 });
    obey(world);
    assert.equal(state(world), 'updating');
    obeyFor(world, 7_000);
    assert.equal(state(world), 'completed');
  });

  it('pauses at the first failure, leaves the old tasks alone, and the progress says why', () => {
    const world = updating({ parallelism: 1 });
    world.settle();
    obey(world, (task) => task.specRevision === 1);
    failNewTasks(world);
    obey(world);
    world.now += 60_000;
    obey(world, (task) => task.specRevision === 1);
    assert.equal(state(world), 'paused');
    assert.equal(runningImages(world, 'web').filter((image) => image === 'app:1').length, 3);
    const progress = serviceProgress(world.view, world.view.get('services', 'web')!, world.now);
    assert.match(progress.failed!, /^update paused: 1 of 4 slots failed \(slot 1\): exit 3$/);
    assert.equal(progress.converged, false);
  });

  it('goes on below the failure ratio', () => {
    const world = updating({ parallelism: 1, maxFailureRatio: 0.25 });
    obey(world, (task) => task.specRevision === 1);
    failNewTasks(world);
    obeyFor(world, 60_000);
    assert.equal(state(world), 'completed');
    assert.deepEqual(runningImages(world, 'web'), Array(REPLICAS).fill('app:2'));
  });

  it('counts a task that dies within the monitor time, but not later', () => {
    for (const [afterMs, expected] of [
      [4_000, 'paused'],
      [6_000, 'updating'],
    ] as const) {
      const world = updating({ parallelism: 1, delayMs: 60_000, monitorMs: 5_000 });
      obey(world);
      world.now += afterMs;
      failNewTasks(world);
      world.settle();
      assert.equal(state(world), expected);
    }
  });

  it('rolls back to what ran before when the settings say so', () => {
    const world = updating({ parallelism: 2, failureAction: 'rollback' });
    obey(world, (task) => task.specRevision === 1);
    failNewTasks(world);
    obeyFor(world, 60_000);
    const service = world.view.get('services', 'web')!;
    assert.equal(service.update?.state, 'rollback-completed');
    assert.match(service.update!.message, /^rolled back to revision 1: 2 of 4 slots failed/);
    assert.equal(service.specRevision, 3);
    assert.equal(service.spec.template.container.image, 'app:1');
    assert.ok(world.view.get('revisions', 'webr3'));
    assert.deepEqual(runningImages(world, 'web'), Array(REPLICAS).fill('app:1'));
    assert.match(serviceProgress(world.view, service, world.now).failed!, /^rolled back/);
  });

  it('that is paused brings lost tasks back as they were', () => {
    const world = updating({ parallelism: 1 });
    obey(world, (task) => task.specRevision === 1);
    failNewTasks(world);
    world.settle();
    const lost = running(world, 'web')[0]!;
    world.setNode(lost.nodeId!, (node) => {
      node.status.state = 'down';
    });
    obey(world, (task) => task.specRevision === 1);
    assert.equal(runningImages(world, 'web').filter((image) => image === 'app:1').length, 3);
  });

  it('that is paused stays so when only the scale changes', () => {
    const world = updating({ parallelism: 1 });
    obey(world, (task) => task.specRevision === 1);
    failNewTasks(world);
    world.settle();
    const wider = spec('app:2', { parallelism: 1 });
    wider.mode = { kind: 'replicated', replicas: 5 };
    world.deploy(wider);
    obey(world, (task) => task.specRevision === 1);
    assert.equal(state(world), 'paused');
    assert.equal(runningImages(world, 'web').filter((image) => image === 'app:1').length, 3);
  });

  it('does not touch tasks when only labels or update settings change', () => {
    const world = updating({});
    obeyFor(world, 60_000);
    const before = running(world, 'web').map((task) => task.id);
    const relabelled = spec('app:2', { parallelism: 3 });
    relabelled.labels = { team: 'blue' };
    world.deploy(relabelled);
    obey(world);
    assert.deepEqual(
      running(world, 'web').map((task) => task.id),
      before,
    );
  });

  it('moves tasks off nodes that stop to fulfil the constraints', () => {
    const world = new World();
    for (const id of ['a', 'b']) world.putNode(readyNode(id, { labels: { disk: 'ssd' } }));
    world.deploy(serviceSpec('web', 2, (draft) => void (draft.placement.constraints = ['node.labels.disk==ssd'])));
    obey(world);
    world.setNode('a', (node) => {
      node.spec.labels = {};
    });
    obey(world);
    assert.deepEqual(
      running(world, 'web').map((task) => task.nodeId),
      ['b', 'b'],
    );
  });

  for (const parallelism of [1, 2]) {
    it(`moves no more than ${parallelism} of them at a time: the next ones stay until the successors run, though their own place is lost`, () => {
      const world = new World();
      world.putNode(readyNode('a', { labels: { disk: 'ssd' } }));
      world.deploy(
        serviceSpec('web', REPLICAS, (draft) => {
          draft.placement.constraints = ['node.labels.disk==ssd'];
          draft.update.parallelism = parallelism;
        }),
      );
      obey(world);
      world.putNode(readyNode('b', { labels: { disk: 'ssd' } }));
      world.setNode('a', (node) => void (node.spec.labels = {}));
      obey(world, () => false);
      assert.equal(running(world, 'web').length, REPLICAS - parallelism);
      obey(world);
      assert.deepEqual(
        running(world, 'web').map(({ nodeId }) => nodeId),
        Array(REPLICAS).fill('b'),
      );
    });
  }

  it('that is rolled back brings the former number of replicas back in the same plan', () => {
    const world = updating({ failureAction: 'rollback' });
    const smaller = spec('app:3', { failureAction: 'rollback' });
    smaller.mode = { kind: 'replicated', replicas: 2 };
    world.deploy(smaller);
    obey(world, (task) => task.specRevision === 1);
    failNewTasks(world);
    obeyFor(world, 60_000);
    assert.deepEqual(runningImages(world, 'web'), Array(REPLICAS).fill('app:1'));
  });

  it('that is paused judges old tasks by the constraints that they were placed by', () => {
    const world = updating({ parallelism: 1 });
    const constrained = spec('app:3', { parallelism: 1 });
    constrained.placement.constraints = ['node.labels.disk==ssd'];
    world.setNode('a', (node) => {
      node.spec.labels = { disk: 'ssd' };
    });
    world.deploy(constrained);
    obey(world, (task) => task.specRevision === 1);
    failNewTasks(world);
    obey(world, (task) => task.specRevision === 1);
    assert.equal(state(world), 'paused');
    assert.equal(runningImages(world, 'web').filter((image) => image === 'app:1').length, 3);
  });
});
