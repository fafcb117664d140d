import assert from 'node:assert/strict';
import type { ServiceSpec } from '@tessera/api';
import { isLive } from '../../model/task.js';
import { readyNode, serviceSpec } from '../../model/testing/builders.js';
import { obey, running } from '../testing/agents.js';
import { World } from '../testing/world.js';

function cluster(...ids: string[]): World {
  const world = new World();
  for (const id of ids) world.putNode(readyNode(id));
  return world;
}

function deployAndRun(world: World, spec: ServiceSpec): void {
  world.deploy(spec);
  obey(world);
}

const slots = (world: World): number[] =>
  running(world, 'web')
    .map((task) => task.slot!)
    .sort((a, b) => a - b);
const nodesOf = (world: World): string[] =>
  running(world, 'web')
    .map((task) => task.nodeId!)
    .sort();

describe('a replicated service', () => {
  it('fills the lowest free slots when it grows', () => {
    const world = cluster('a', 'b');
    deployAndRun(world, serviceSpec('web', 2));
    deployAndRun(world, serviceSpec('web', 4));
    assert.deepEqual(slots(world), [1, 2, 3, 4]);
  });

  it('tells in each task what image it runs, also while it is updated', () => {
    const world = cluster('a');
    const spec = serviceSpec('web', 2);
    deployAndRun(world, spec);
    world.deploy(serviceSpec('web', 2, (next) => void (next.template.container.image = 'app:2')));
    world.settle();
    const images = (): (string | undefined)[] =>
      world
        .tasks('web')
        .filter(isLive)
        .map(({ image }) => image)
        .sort();
    assert.ok(images().includes('app:1'));
    obey(world);
    assert.ok(images().includes('app:2'));
  });

  it('keeps the spread when it shrinks', () => {
    const world = cluster('a', 'b', 'c');
    deployAndRun(world, serviceSpec('web', 7));
    deployAndRun(world, serviceSpec('web', 3));
    assert.deepEqual(nodesOf(world), ['a', 'b', 'c']);
    assert.equal(world.tasks('web').length, 3, 'removed slots leave nothing behind');
  });

  it('gives up slots that do not run before those that do', () => {
    const world = cluster('a');
    world.deploy(serviceSpec('web', 4));
    obey(world, (task) => task.slot! > 2);
    deployAndRun(world, serviceSpec('web', 2));
    assert.deepEqual(slots(world), [3, 4]);
  });

  it('waits for the old task of a slot to end before the new one runs', () => {
    const world = cluster('a');
    deployAndRun(world, serviceSpec('web', 1));
    world.deploy(serviceSpec('web', 0));
    world.settle();
    world.deploy(serviceSpec('web', 1));
    world.settle();
    const [old, fresh] = world.tasks('web').sort((a, b) => a.createdAt - b.createdAt);
    assert.deepEqual([old!.desired, fresh!.desired], ['remove', 'ready']);
    world.report(old!.id, 'shutdown');
    world.settle();
    assert.deepEqual(
      world.tasks('web').map((task) => task.desired),
      ['running'],
    );
  });

  it('leaves tasks on a paused node alone', () => {
    const world = cluster('a', 'b');
    deployAndRun(world, serviceSpec('web', 2));
    world.setNode('a', (node) => {
      node.spec.availability = 'pause';
    });
    obey(world);
    assert.deepEqual(nodesOf(world), ['a', 'b']);
  });

  it('stops the stale task of a node that comes back', () => {
    const world = cluster('a', 'b');
    deployAndRun(world, serviceSpec('web', 2));
    world.setNode('a', (node) => {
      node.status.state = 'down';
    });
    obey(world);
    world.setNode('a', (node) => {
      node.status.state = 'ready';
    });
    obey(world);
    assert.equal(running(world, 'web').length, 2);
    assert.deepEqual(
      [...world.view.tasksOfNode('a')].map((task) => [task.status.state, task.desired]),
      [['orphaned', 'shutdown']],
    );
  });

  it('is removed with all its tasks, and its revisions only after them', () => {
    const world = cluster('a');
    deployAndRun(world, serviceSpec('web', 2));
    world.write({ type: 'delete', kind: 'services', id: 'web' });
    world.settle();
    assert.deepEqual(
      world.tasks('web').map((task) => task.desired),
      ['remove', 'remove'],
    );
    assert.equal(world.view.count('revisions'), 1);
    obey(world);
    assert.deepEqual([world.view.count('tasks'), world.view.count('revisions')], [0, 0]);
  });

  it('keeps ten revisions and those that tasks are made from', () => {
    const world = cluster('a');
    for (let revision = 1; revision <= 14; revision++) {
      deployAndRun(
        world,
        serviceSpec('web', 1, (spec) => {
          spec.labels = { revision: String(revision) };
        }),
      );
    }
    const kept = [...world.view.revisionsOfService('web')].map((revision) => revision.specRevision).sort((a, b) => a - b);
    assert.deepEqual(kept, [1, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
  });
});

describe('a global service', () => {
  const global = (change: (spec: ServiceSpec) => void = () => {}): ServiceSpec =>
    serviceSpec('web', 0, (spec) => {
      spec.mode = { kind: 'global' };
      change(spec);
    });

  it('runs once on each node, also on one that comes later', () => {
    const world = cluster('a', 'b');
    deployAndRun(world, global());
    world.putNode(readyNode('c'));
    obey(world);
    assert.deepEqual(nodesOf(world), ['a', 'b', 'c']);
  });

  it('leaves drained nodes and nodes that stop to fit, and comes back', () => {
    const world = cluster('a', 'b', 'c');
    deployAndRun(
      world,
      global((spec) => void (spec.placement.constraints = ['node.labels.out!=yes'])),
    );
    world.setNode('a', (node) => {
      node.spec.availability = 'drain';
    });
    world.setNode('b', (node) => {
      node.spec.labels = { out: 'yes' };
    });
    obey(world);
    assert.deepEqual(nodesOf(world), ['c']);
    world.setNode('a', (node) => {
      node.spec.availability = 'active';
    });
    obey(world);
    assert.deepEqual(nodesOf(world), ['a', 'c']);
  });

  it('keeps its task on a paused node but does not come to one', () => {
    const world = cluster('a');
    deployAndRun(world, global());
    world.setNode('a', (node) => {
      node.spec.availability = 'pause';
    });
    world.putNode(readyNode('b', { availability: 'pause' }));
    obey(world);
    assert.deepEqual(nodesOf(world), ['a']);
  });

  it('is updated node by node', () => {
    const world = cluster('a', 'b', 'c');
    deployAndRun(world, global());
    world.now += 1_000;
    world.deploy(
      global((spec) => {
        spec.template.container.image = 'app:2';
      }),
    );
    world.settle();
    assert.equal(running(world, 'web').length, 2);
    obey(world);
    assert.ok(running(world, 'web').every((task) => task.specRevision === 2));
    assert.equal(running(world, 'web').length, 3);
  });
});

describe('a service that depends on another one', () => {
  function deployBoth(
    world: World,
    condition: 'service_started' | 'service_healthy' | 'service_completed_successfully',
    required = true,
  ): void {
    world.deploy(
      serviceSpec('web', 2, (spec) => {
        spec.dependsOn = [{ service: 'db', condition, required, restart: false }];
      }),
    );
  }

  it('waits, and says for what', () => {
    const world = cluster('a');
    deployBoth(world, 'service_healthy');
    world.settle();
    assert.deepEqual(
      world.tasks('web').map((task) => [task.status.state, task.status.message]),
      Array(2).fill(['new', 'waiting for db: there is no such service']),
    );
    world.deploy(serviceSpec('db', 1));
    world.settle();
    assert.equal(world.tasks('web')[0]!.status.message, 'waiting for db: 0 of 1 task healthy');
    obey(world);
    assert.equal(running(world, 'web').length, 2);
  });

  it('does not wait for one that is not required and does not exist', () => {
    const world = cluster('a');
    deployBoth(world, 'service_started', false);
    obey(world);
    assert.equal(running(world, 'web').length, 2);
  });

  it('is not held back again when the other one fails later', () => {
    const world = cluster('a');
    world.deploy(serviceSpec('db', 1));
    deployBoth(world, 'service_healthy');
    obey(world);
    world.deploy(serviceSpec('db', 0));
    world.report(running(world, 'web')[0]!.id, 'failed', { finishedAt: world.now });
    world.settle();
    world.now += 5_000;
    obey(world);
    assert.equal(running(world, 'web').length, 2);
  });
});

describe('a job', () => {
  const job = (completions: number, concurrency: number, image = 'app:1'): ServiceSpec =>
    serviceSpec('web', 0, (spec) => {
      spec.mode = { kind: 'replicated-job', completions, concurrency };
      spec.template.container.image = image;
      spec.template.restart.condition = 'on-failure';
    });

  function completeOne(world: World): void {
    const task = world.tasks('web').find((candidate) => isLive(candidate) && candidate.desired === 'complete');
    if (task) world.report(task.id, 'complete', { finishedAt: world.now });
    world.settle();
  }

  it('runs as many as it may at a time until all have completed, and then rests', () => {
    const world = cluster('a', 'b');
    world.deploy(job(5, 2));
    world.settle();
    for (let done = 1; done <= 5; done++) {
      assert.ok(world.tasks('web').filter(isLive).length <= 2);
      completeOne(world);
    }
    assert.deepEqual(
      world.tasks('web').map((task) => [task.slot, task.status.state]),
      [1, 2, 3, 4, 5].map((slot) => [slot, 'complete']),
    );
    assert.equal(world.settle(), undefined);
  });

  it('tries a failed run again after the delay', () => {
    const world = cluster('a');
    world.deploy(job(1, 1));
    world.settle();
    world.report(world.tasks('web')[0]!.id, 'failed', { finishedAt: world.now });
    assert.equal(world.settle(), 5_000);
    world.now += 5_000;
    world.settle();
    completeOne(world);
    assert.ok(world.tasks('web').some((task) => task.status.state === 'complete'));
  });

  it('runs again when its template changes', () => {
    const world = cluster('a');
    world.deploy(job(1, 1));
    world.settle();
    completeOne(world);
    world.deploy(job(1, 1, 'app:2'));
    world.settle();
    completeOne(world);
    assert.equal(world.tasks('web').filter((task) => task.status.state === 'complete').length, 2);
  });

  it('of the global kind completes once on each node', () => {
    const world = cluster('a', 'b');
    world.deploy(serviceSpec('web', 0, (spec) => void (spec.mode = { kind: 'global-job' })));
    world.settle();
    completeOne(world);
    completeOne(world);
    assert.deepEqual(
      world.tasks('web').map((task) => task.status.state),
      ['complete', 'complete'],
    );
  });
});
