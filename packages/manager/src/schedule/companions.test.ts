import assert from 'node:assert/strict';
import type { ServiceSpec } from '@tessera/api';
import { readyNode, serviceSpec } from '../model/testing/builders.js';
import { Companions } from './companions.js';
import { ScheduledWorld } from './testing/scheduled-world.js';

const packed = (spec: ServiceSpec): void => {
  spec.placement.strategy = 'binpack';
  spec.template.reservations.memoryBytes = 1;
};

/** Tasks that are about to come, as a scheduler finds them that begins now. */
function expected(world: ScheduledWorld): number[] {
  return [...new Companions(world.view).all()].map(({ tasks }) => tasks);
}

describe('services that begin to run', () => {
  it('count with all their replicas until a task has a node, when they are packed', () => {
    const world = new ScheduledWorld();
    world.deploy('web', 0, serviceSpec('web', 5, packed));
    world.deploy('spread', 0, serviceSpec('spread', 7));
    world.addTask('web', 1);
    assert.deepEqual(expected(world), [5]);
    world.putNode(readyNode('n0'));
    world.pass();
    assert.deepEqual(expected(world), []);
  });

  it('count less with each task that is placed, and no more once one is looked at in vain, held back, or the service is gone', () => {
    const world = new ScheduledWorld();
    for (const id of ['a', 'b', 'c', 'd']) world.deploy(id, 1, serviceSpec(id, 3, packed));
    const companions = new Companions(world.view);
    companions.placed('a', 2);
    companions.placed('b', 3);
    companions.parked('c');
    companions.putService('d', undefined);
    assert.deepEqual(
      [...companions.all()].map(({ tasks }) => tasks),
      [1],
    );
    const task = world.view.get('tasks', 'a.1')!;
    companions.putTask(task);
    assert.equal(companions.has('a'), true);
    companions.putTask({ ...task, status: { ...task.status, state: 'new' } });
    assert.equal(companions.has('a'), false);
  });
});
