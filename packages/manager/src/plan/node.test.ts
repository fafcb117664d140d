import assert from 'node:assert/strict';
import { FENCE_WAIT_MS, type Task } from '@tessera/api';
import fc from 'fast-check';
import { isLive, isToldToGo } from '../model/task.js';
import { readyNode, serviceSpec } from '../model/testing/builders.js';
import { obey, running } from './testing/agents.js';
import { World } from './testing/world.js';

/** A service of one task on the first of two nodes. */
function oneTask(partition: 'stop' | 'keep'): { world: World; task: Task } {
  const world = new World();
  world.putNode(readyNode('a'));
  world.deploy(serviceSpec('db', 1, (spec) => void (spec.template.partition = partition)));
  obey(world);
  world.putNode(readyNode('b'));
  return { world, task: world.tasks('db')[0]! };
}

function setState(world: World, id: string, state: 'down' | 'ready'): void {
  world.setNode(id, (node) => void (node.status = { state, message: '', at: world.now }));
}

describe('the tasks of a node that is down', () => {
  it('are given up and replaced elsewhere at once', () => {
    const { world, task } = oneTask('keep');
    setState(world, 'a', 'down');
    obey(world);
    const lost = world.view.get('tasks', task.id)!;
    assert.deepEqual([lost.status.state, lost.desired, lost.status.message], ['orphaned', 'shutdown', 'node a is down']);
    assert.deepEqual(
      running(world, 'db').map(({ nodeId }) => nodeId),
      ['b'],
    );
  });

  it('are given up when the node is removed', () => {
    const { world, task } = oneTask('keep');
    world.write({ type: 'delete', kind: 'nodes', id: 'a' });
    world.settle();
    assert.equal(world.view.get('tasks', task.id)?.status.message, 'its node was removed');
    assert.equal(isLive(world.view.get('tasks', task.id)!), false);
  });
});

describe('a service that is removed while its node is away', () => {
  const removals: ['before' | 'after', 'back' | 'removed'][] = [
    ['before', 'back'],
    ['before', 'removed'],
    ['after', 'back'],
    ['after', 'removed'],
  ];
  for (const [when, then] of removals) {
    for (const partition of ['keep', 'stop'] as const) {
      it(`leaves nothing when it was removed ${when} the node was called down, which then is ${then} (${partition})`, () => {
        const { world } = oneTask(partition);
        const remove = (): void => world.write({ type: 'delete', kind: 'services', id: 'db' });
        if (when === 'before') remove();
        world.settle();
        setState(world, 'a', 'down');
        world.settle();
        if (when === 'after') remove();
        if (then === 'removed') world.write({ type: 'delete', kind: 'nodes', id: 'a' });
        else setState(world, 'a', 'ready');
        obey(world);
        world.now += FENCE_WAIT_MS;
        obey(world);
        assert.deepEqual([world.tasks('db'), [...world.view.revisionsOfService('db')]], [[], []]);
      });
    }
  }
});

describe('never two of a task with x-partition: stop run in a partition (moby/swarmkit 1743)', () => {
  it('waits until the node has surely stopped its copy, and says so', () => {
    const { world, task } = oneTask('stop');
    setState(world, 'a', 'down');
    const againInMs = obeyAndWait(world);
    const waiting = world.view.get('tasks', task.id)!;
    assert.deepEqual([isLive(waiting), isToldToGo(waiting), world.tasks('db').length], [true, false, 1]);
    const until = new Date(world.now + FENCE_WAIT_MS).toISOString();
    assert.equal(waiting.status.message, `node a is down; waits at least until ${until} before it is replaced, because x-partition: stop`);
    assert.equal(againInMs, FENCE_WAIT_MS);
    world.now += FENCE_WAIT_MS - 1;
    obey(world);
    assert.equal(world.tasks('db').length, 1);
    world.now += 1;
    obey(world);
    assert.equal(world.view.get('tasks', task.id)?.status.state, 'orphaned');
    assert.equal(running(world, 'db').length, 1);
  });

  it('keeps the task when the node is back in time, and waits the whole time when it goes again', () => {
    const { world, task } = oneTask('stop');
    setState(world, 'a', 'down');
    world.settle();
    world.now += FENCE_WAIT_MS - 1;
    setState(world, 'a', 'ready');
    world.settle();
    setState(world, 'a', 'down');
    world.now += 5_000;
    assert.equal(world.settle(), FENCE_WAIT_MS);
    assert.equal(isLive(world.view.get('tasks', task.id)!), true);
  });

  it('waits also when it is removed, scaled down, drained or updated meanwhile', () => {
    const acts: ((world: World) => void)[] = [
      (world) => world.deploy(serviceSpec('db', 0, (spec) => void (spec.template.partition = 'stop'))),
      (world) => world.setNode('a', (node) => void (node.spec.availability = 'drain')),
      (world) =>
        world.deploy(
          serviceSpec('db', 1, (spec) => {
            spec.template.partition = 'stop';
            spec.template.container.image = 'app:2';
          }),
        ),
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray(acts), fc.integer({ min: 0, max: FENCE_WAIT_MS - 1 }), (chosen, waitedMs) => {
        const { world, task } = oneTask('stop');
        setState(world, 'a', 'down');
        world.settle();
        for (const act of chosen) {
          act(world);
          obey(world);
        }
        world.now += waitedMs;
        obey(world);
        assert.equal(isLive(world.view.get('tasks', task.id)!), true);
        assert.equal(running(world, 'db').filter(({ nodeId }) => nodeId === 'b').length, 0);
        world.now += FENCE_WAIT_MS - waitedMs;
        obey(world);
        const lost = world.view.get('tasks', task.id);
        assert.equal(lost === undefined || !isLive(lost), true);
      }),
    );
  });
});

function obeyAndWait(world: World): number | undefined {
  const againInMs = world.settle();
  obey(world);
  return againInMs;
}
