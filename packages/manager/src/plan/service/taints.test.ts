import assert from 'node:assert/strict';
import { isWanted } from '../../model/task.js';
import { readyNode, serviceSpec } from '../../model/testing/builders.js';
import { World } from '../testing/world.js';

function cluster(...ids: string[]): World {
  const world = new World();
  for (const id of ids) world.putNode(readyNode(id));
  return world;
}

describe('A service', () => {
  it('leaves a node with a no-execute taint at once, and stays under a no-schedule one, unless it tolerates them', () => {
    const world = cluster('a', 'b');
    world.deploy(serviceSpec('web', 0, (spec) => void (spec.mode = { kind: 'global' })));
    world.deploy(
      serviceSpec('agent', 0, (spec) => {
        spec.mode = { kind: 'global' };
        spec.placement.tolerations = [{ key: 'bad' }];
      }),
    );
    world.settle();
    const taint = (effect: 'no-schedule' | 'no-execute'): void => {
      world.setNode('a', (node) => void (node.spec.taints = [{ key: 'bad', value: '', effect }]));
      world.settle();
    };
    const wantedOn = (service: string): Array<string | undefined> =>
      world
        .tasks(service)
        .filter(isWanted)
        .map((task) => task.nodeId)
        .sort();
    taint('no-schedule');
    assert.deepEqual(
      [wantedOn('web'), wantedOn('agent')],
      [
        ['a', 'b'],
        ['a', 'b'],
      ],
    );
    taint('no-execute');
    assert.deepEqual([wantedOn('web'), wantedOn('agent')], [['b'], ['a', 'b']]);
    world.setNode('a', (node) => void delete node.spec.taints);
    world.settle();
    assert.deepEqual(wantedOn('web'), ['a', 'b']);
  });

  it('moves tasks of numbered slots off a node with a no-execute taint', () => {
    const world = cluster('a');
    world.deploy(serviceSpec('web', 2));
    world.settle();
    world.putNode(readyNode('b'));
    world.setNode('a', (node) => void (node.spec.taints = [{ key: 'bad', value: '', effect: 'no-execute' }]));
    world.settle();
    assert.deepEqual(
      world
        .tasks('web')
        .filter(isWanted)
        .map((task) => task.nodeId),
      ['b', 'b'],
    );
  });
});
