import assert from 'node:assert/strict';
import { World } from '../plan/testing/world.js';
import { OverlayView } from './overlay.js';
import { deployed, readyNode, serviceSpec } from './testing/builders.js';

function sample(): World {
  const world = new World();
  world.putNode(readyNode('a'));
  world.deploy(serviceSpec('web', 2));
  world.settle();
  return world;
}

describe('an overlay on a view', () => {
  it('shows what it was given and leaves the base as it is', () => {
    const { view } = sample();
    const overlay = new OverlayView(view);
    const [first, second] = [...view.tasksOfService('web')];
    overlay.apply({ type: 'put', kind: 'tasks', object: { ...first!, desired: 'shutdown' } });
    overlay.apply({ type: 'delete', kind: 'tasks', id: second!.id });
    assert.deepEqual(
      [...overlay.tasksOfService('web')].map((task) => task.desired),
      ['shutdown'],
    );
    assert.deepEqual(
      [...overlay.tasksOfNode('a')].map((task) => task.id),
      [first!.id],
    );
    assert.deepEqual([overlay.count('tasks'), view.count('tasks')], [1, 2]);
    assert.equal(overlay.get('tasks', second!.id), undefined);
    assert.equal(view.get('tasks', first!.id)!.desired, 'running');
  });

  it('finds objects by the names that they have in it', () => {
    const { view } = sample();
    const overlay = new OverlayView(view);
    const { service } = deployed(serviceSpec('api', 1), 'api');
    overlay.apply({ type: 'put', kind: 'services', object: service });
    overlay.apply({ type: 'delete', kind: 'services', id: 'web' });
    assert.equal(overlay.byName('services', 'api')?.id, 'api');
    assert.equal(overlay.byName('services', 'web'), undefined);
    assert.equal(view.byName('services', 'web')?.id, 'web');
  });

  it('can delete what was put into it', () => {
    const overlay = new OverlayView(sample().view);
    overlay.apply({ type: 'put', kind: 'nodes', object: readyNode('b') });
    overlay.apply({ type: 'delete', kind: 'nodes', id: 'b' });
    assert.deepEqual(
      [...overlay.all('nodes')].map((node) => node.id),
      ['a'],
    );
    assert.equal(overlay.count('nodes'), 1);
  });
});
