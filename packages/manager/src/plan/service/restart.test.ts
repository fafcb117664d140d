import assert from 'node:assert/strict';
import type { RestartPolicy, Task } from '@tessera/api';
import { readyNode, serviceSpec } from '../../model/testing/builders.js';
import { obey, running } from '../testing/agents.js';
import { World } from '../testing/world.js';

function oneTask(policy: Partial<RestartPolicy>): { world: World; current(): Task } {
  const world = new World();
  for (const id of ['a', 'b']) world.putNode(readyNode(id));
  world.deploy(
    serviceSpec('web', 1, (spec) => {
      Object.assign(spec.template.restart, policy);
    }),
  );
  obey(world);
  return {
    world,
    current: () =>
      world
        .tasks('web')
        .sort((a, b) => a.createdAt - b.createdAt)
        .at(-1)!,
  };
}

/** Ends the newest task, and lets the delay of its restart pass. */
function end(world: World, task: Task, state: Task['status']['state']): void {
  world.report(task.id, state, { finishedAt: world.now, error: 'exit 1' });
  obey(world);
  world.now += 60_000;
  obey(world);
}

const table: Array<[condition: RestartPolicy['condition'], state: Task['status']['state'], restarts: boolean]> = [
  ['any', 'failed', true],
  ['any', 'complete', true],
  ['on-failure', 'failed', true],
  ['on-failure', 'complete', false],
  ['none', 'failed', false],
  ['none', 'complete', false],
];

describe('the restart of a task that its agent gave up', () => {
  for (const [condition, state, restarts] of table) {
    it(`${restarts ? 'happens' : 'does not happen'} when it is ${state} and the condition is ${condition}`, () => {
      const { world, current } = oneTask({ condition });
      end(world, current(), state);
      assert.equal(running(world, 'web').length, restarts ? 1 : 0);
    });
  }

  it('waits out the delay, counted from the end of the task', () => {
    const { world, current } = oneTask({ delayMs: 5_000 });
    const first = current();
    world.report(first.id, 'failed', { finishedAt: world.now });
    const againInMs = world.settle();
    assert.deepEqual([current().desired, current().startAfter, againInMs], ['ready', world.now + 5_000, 5_000]);
    world.now += 4_999;
    world.settle();
    assert.equal(current().desired, 'ready');
    world.now += 1;
    world.settle();
    assert.equal(current().desired, 'running');
  });

  it('happens at most max_attempts times for one spec, and anew for the next', () => {
    const { world, current } = oneTask({ condition: 'any', maxAttempts: 2 });
    for (let attempt = 0; attempt < 4; attempt++) end(world, current(), 'failed');
    assert.equal(world.tasks('web').length, 3);
    assert.equal(running(world, 'web').length, 0);
    world.deploy(
      serviceSpec('web', 1, (spec) => {
        spec.template.container.image = 'app:2';
        spec.template.restart.maxAttempts = 2;
      }),
    );
    obey(world);
    assert.equal(running(world, 'web').length, 1);
  });

  it('forgets attempts older than the window', () => {
    const { world, current } = oneTask({ maxAttempts: 1, windowMs: 30_000 });
    for (let attempt = 0; attempt < 4; attempt++) end(world, current(), 'failed');
    assert.equal(running(world, 'web').length, 1);
  });

  it('needs nothing when the agent has already put a successor in the slot', () => {
    const { world, current } = oneTask({});
    const first = current();
    world.report(first.id, 'failed', { finishedAt: world.now });
    world.write({
      type: 'put',
      kind: 'tasks',
      object: { ...first, id: 'successor', createdAt: first.createdAt + 1, status: { state: 'accepted', at: world.now, message: '' } },
    });
    assert.deepEqual(world.planService('web').changes, []);
  });

  it('backs off more and more from a node that rejects it', () => {
    const { world, current } = oneTask({ delayMs: 1_000 });
    const waits: number[] = [];
    world.report(current().id, 'rejected', { finishedAt: world.now });
    for (let attempt = 0; attempt < 4; attempt++) {
      waits.push(world.settle()!);
      world.now += waits.at(-1)!;
      world.settle();
      world.report(current().id, 'rejected', { finishedAt: world.now });
    }
    assert.deepEqual(waits, [1_000, 1_000, 1_000, 2_000]);
  });

  it('tells each task which restart in a row it is and why, and forgets that when the spec changes', () => {
    const { world, current } = oneTask({ delayMs: 1_000 });
    assert.equal(current().restart, undefined);
    for (let attempt = 1; attempt <= 7; attempt++) {
      end(world, current(), 'failed');
      assert.deepEqual(current().restart, { attempt, reason: 'exit 1' });
    }
    world.deploy(
      serviceSpec('web', 1, (spec) => {
        spec.template.container.image = 'app:2';
      }),
    );
    obey(world);
    assert.equal(current().restart, undefined);
  });

  it('keeps five ended tasks of a slot as history', () => {
    const { world, current } = oneTask({});
    for (let attempt = 0; attempt < 9; attempt++) end(world, current(), 'failed');
    assert.equal(world.tasks('web').length, 6);
  });

  it('remembers used attempts for as long as they count, however often nodes died since', () => {
    const { world, current } = oneTask({ maxAttempts: 2 });
    end(world, current(), 'failed');
    end(world, current(), 'failed');
    for (let death = 0; death < 8; death++) end(world, current(), 'orphaned');
    const last = current();
    end(world, last, 'failed');
    assert.equal(current().id, last.id, 'no attempt is left');
    assert.equal(world.tasks('web').length, 7, 'five as history, and the two that count');
  });
});
