import assert from 'node:assert/strict';
import { readyNode, serviceSpec } from '../model/testing/builders.js';
import { World } from '../plan/testing/world.js';
import { explainTask } from './explain.js';

const GIB = 1024 ** 3;

describe('The explanation of a placement', () => {
  it('counts each node once, under the first rule that turns it away, and names those that fit', () => {
    const world = new World();
    const ssd = { labels: { disk: 'ssd' } };
    for (const id of ['a', 'b']) world.putNode(readyNode(id, { ...ssd, resources: { memoryBytes: GIB } }));
    world.putNode(readyNode('c', { resources: { memoryBytes: GIB } }));
    world.deploy(
      serviceSpec('web', 1, (spec) => {
        spec.template.reservations.memoryBytes = 2 * GIB;
        spec.placement.constraints = ['node.labels.disk==ssd'];
      }),
    );
    world.settle();
    const [task] = world.tasks('web');
    const message = '0/3 nodes: 2 not enough memory (need 2 GiB, best has 1 GiB), 1 constraint node.labels.disk==ssd';
    assert.equal(task!.status.message, message);
    assert.deepEqual(explainTask(world.view, world.table, task!), {
      nodes: 3,
      fitting: [],
      refusals: [
        { filter: 'resources', reason: 'not enough memory (need 2 GiB, best has 1 GiB)', count: 2, nodeIds: ['a', 'b'] },
        { filter: 'constraints', reason: 'constraint node.labels.disk==ssd', count: 1, nodeIds: ['c'] },
      ],
      message,
    });
  });

  it('of a task that runs leaves out what it holds itself', () => {
    const world = new World();
    world.putNode(readyNode('a', { resources: { memoryBytes: 2 * GIB } }));
    world.deploy(serviceSpec('web', 1, (spec) => void (spec.template.reservations.memoryBytes = 2 * GIB)));
    world.settle();
    const [task] = world.tasks('web');
    assert.deepEqual(explainTask(world.view, world.table, task!), { nodes: 1, fitting: ['a'], refusals: [], message: '1/1 node' });
    assert.equal(world.table.freeMemory[world.table.indexOf('a')!], 0, 'the table is as it was');
  });
});
