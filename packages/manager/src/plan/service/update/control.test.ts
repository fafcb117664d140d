import assert from 'node:assert/strict';
import type { ServiceSpec, UpdateConfig } from '@tessera/api';
import { isLive } from '../../../model/task.js';
import { readyNode, serviceSpec } from '../../../model/testing/builders.js';
import { serviceProgress } from '../../progress.js';
import { obey, obeyFor, runningImages } from '../../testing/agents.js';
import { World } from '../../testing/world.js';

const REPLICAS = 4;
type Change = Partial<Pick<ServiceSpec, 'canary'>> & { update?: Partial<UpdateConfig> };

function specOf(image: string, { update, ...change }: Change): ServiceSpec {
  return serviceSpec('web', REPLICAS, (draft) => {
    draft.template.container.image = image;
    Object.assign(draft, change);
    Object.assign(draft.update, update);
  });
}

/** app:1 runs, and the update to app:2 has begun: one slot is done, the next one waits for the delay. */
function updating({ update = { delayMs: 10_000, monitorMs: 1_000 }, ...change }: Change = {}): World {
  const world = new World();
  for (const id of ['a', 'b', 'c']) world.putNode(readyNode(id));
  world.deploy(specOf('app:1', { ...change, update }));
  obey(world);
  world.deploy(specOf('app:2', { ...change, update }));
  obey(world);
  return world;
}

const update = (world: World) => world.view.get('services', 'web')!.update;
const news = (world: World): number => runningImages(world, 'web').filter((image) => image === 'app:2').length;
const verdict = (world: World) => serviceProgress(world.view, world.view.get('services', 'web')!, world.now).verdict;

function failNew(world: World): void {
  for (const task of world.tasks('web'))
    if (task.image === 'app:2' && isLive(task)) world.report(task.id, 'failed', { finishedAt: world.now, error: 'exit 3' });
}

describe('the user of an update', () => {
  it('pauses it, and what it has not reached stays, whatever time passes', () => {
    const world = updating();
    world.control('web', 'pause');
    obeyFor(world, 3_600_000);
    assert.deepEqual([update(world)?.state, update(world)?.cause], ['paused', 'user']);
    assert.equal(update(world)?.message, 'update paused by tester');
    assert.equal(news(world), 1);
    assert.equal(verdict(world), 'paused');
  });

  it('pauses it, and a slot whose new task was lost before the old one comes back as the old one', () => {
    const world = updating({ update: { order: 'start-first', monitorMs: 1_000, delayMs: 0 } });
    obeyFor(world, 60_000);
    world.deploy(specOf('app:3', { update: { order: 'start-first' } }));
    world.settle();
    const fresh = world.tasks('web').find(({ image }) => image === 'app:3')!;
    const old = world.tasks('web').find((task) => task.slot === fresh.slot && isLive(task) && task.id !== fresh.id)!;
    world.control('web', 'pause');
    for (const { id } of [fresh, old]) {
      world.now += 1_000;
      world.report(id, 'orphaned', { error: 'its node is down' });
      world.settle();
    }
    obeyFor(world, 1_000);
    assert.deepEqual(runningImages(world, 'web'), Array(REPLICAS).fill('app:2'));
  });

  it('resumes it to the end', () => {
    const world = updating();
    world.control('web', 'pause');
    obeyFor(world, 60_000);
    world.control('web', 'resume');
    obeyFor(world, 60_000);
    assert.deepEqual([update(world)?.state, news(world)], ['completed', REPLICAS]);
    assert.equal(update(world)?.cause, undefined);
  });

  it('pauses it in the very moment of the deploy', () => {
    const world = new World();
    world.putNode(readyNode('a'));
    world.deploy(serviceSpec('web', 2));
    obey(world);
    world.deploy(serviceSpec('web', 2, (draft) => void (draft.template.container.image = 'app:2')));
    world.control('web', 'pause');
    obeyFor(world, 60_000);
    assert.deepEqual([update(world)?.state, news(world)], ['paused', 0]);
  });

  it('resumes one that failures paused: they are forgiven, new ones are not', () => {
    const world = updating({ update: { delayMs: 10_000, monitorMs: 5_000 } });
    failNew(world);
    obeyFor(world, 0);
    assert.deepEqual([update(world)?.state, update(world)?.cause], ['paused', 'failures']);
    world.now += 1;
    world.control('web', 'resume');
    obey(world, () => false);
    assert.equal(update(world)?.state, 'updating');
    obeyFor(world, 6_000);
    assert.equal(update(world)?.state, 'updating');
    failNew(world);
    obeyFor(world, 0);
    assert.equal(update(world)?.state, 'paused');
  });

  it('resumes a rollback that was paused', () => {
    const world = updating({ update: { failureAction: 'rollback', monitorMs: 60_000 } });
    failNew(world);
    world.settle();
    assert.equal(update(world)?.state, 'rollback-started');
    world.control('web', 'pause');
    world.settle();
    assert.equal(update(world)?.state, 'rollback-paused');
    world.control('web', 'resume');
    obeyFor(world, 120_000);
    assert.equal(update(world)?.state, 'rollback-completed');
    assert.equal(news(world), 0);
  });

  it('is not obeyed a second time by a later update', () => {
    const world = updating();
    world.control('web', 'pause');
    obeyFor(world, 1_000);
    world.deploy(serviceSpec('web', REPLICAS, (draft) => void (draft.template.container.image = 'app:3')));
    obeyFor(world, 60_000);
    assert.equal(update(world)?.state, 'completed');
  });
});

describe('a canary', () => {
  it('is its share of the slots, at least one, watched, and then waits', () => {
    for (const [canary, expected] of [
      [{ count: 1 }, 1],
      [{ count: 3 }, 3],
      [{ percent: 10 }, 1],
      [{ percent: 50 }, 2],
      [{ percent: 51 }, 3],
    ] as const) {
      const world = updating({ canary, update: { parallelism: 2 } });
      assert.equal(update(world)?.state, 'updating');
      obeyFor(world, 3_600_000);
      assert.deepEqual([update(world)?.state, news(world), verdict(world)], ['canary', expected, 'canary']);
      assert.match(update(world)!.message, new RegExp(`^canary: ${expected} of 4 slots are new and wait for 'tsctl update promote web'$`));
    }
  });

  it('that is the whole service is an update like others', () => {
    const world = updating({ canary: { percent: 100 } });
    obeyFor(world, 60_000);
    assert.deepEqual([update(world)?.state, news(world)], ['completed', REPLICAS]);
  });

  it('is followed by the rest when it is promoted', () => {
    const world = updating({ canary: { count: 1 } });
    obeyFor(world, 60_000);
    world.control('web', 'promote');
    obeyFor(world, 60_000);
    assert.deepEqual([update(world)?.state, news(world)], ['completed', REPLICAS]);
  });

  it('does not grow when a node with old tasks is lost', () => {
    const world = updating({ canary: { count: 1 } });
    obeyFor(world, 60_000);
    const lost = world.tasks('web').find((task) => isLive(task) && task.image === 'app:1')!;
    world.setNode(lost.nodeId!, (node) => void (node.status.state = 'down'));
    obeyFor(world, 60_000);
    assert.equal(runningImages(world, 'web').length, REPLICAS);
    assert.equal(news(world), 1);
  });

  it('that fails is an update that failed', () => {
    const world = updating({ canary: { count: 1 }, update: { failureAction: 'rollback' } });
    obeyFor(world, 60_000);
    assert.equal(update(world)?.state, 'canary');
    failNew(world);
    obeyFor(world, 6_000);
    failNew(world);
    obeyFor(world, 60_000);
    assert.deepEqual([update(world)?.state, news(world)], ['rollback-completed', 0]);
  });
});
