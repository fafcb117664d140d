import assert from 'node:assert/strict';
import type { MountSpec, ServiceSpec, Task } from '@tessera/api';
import { isWanted } from '../model/task.js';
import { readyNode, serviceSpec } from '../model/testing/builders.js';
import { obey } from '../plan/testing/agents.js';
import { World } from '../plan/testing/world.js';

const DATA: MountSpec = { type: 'volume', source: 'shop_data', target: '/data' };

function cluster(...ids: string[]): World {
  const world = new World();
  for (const id of ids) world.putNode(readyNode(id));
  return world;
}

function deploy(world: World, replicas: number, mount: MountSpec, change: (spec: ServiceSpec) => void = () => {}): void {
  world.deploy(
    serviceSpec('db', replicas, (spec) => {
      spec.template.container.mounts = [mount];
      spec.template.restart.delayMs = 0;
      change(spec);
    }),
  );
}

const wanted = (world: World): Task[] =>
  world
    .tasks('db')
    .filter(isWanted)
    .sort((a, b) => a.slot! - b.slot!);
const nodesOf = (world: World): (string | undefined)[] => wanted(world).map(({ nodeId }) => nodeId);

function runOnB(mount: MountSpec = DATA): World {
  const world = cluster('a', 'b', 'c');
  for (const id of ['a', 'c']) world.setNode(id, (node) => void (node.spec.availability = 'pause'));
  deploy(world, 1, mount);
  obey(world);
  for (const id of ['a', 'c']) world.setNode(id, (node) => void (node.spec.availability = 'active'));
  assert.deepEqual(nodesOf(world), ['b']);
  return world;
}

function holdsVolumes(world: World, id: string, ...volumes: string[]): void {
  world.setNode(id, (node) => void (node.description!.volumes = volumes));
}

describe('A task with a local volume', () => {
  it('comes back to the node where its slot ran, though others are emptier', () => {
    const world = runOnB();
    world.deploy(serviceSpec('other', 3, (spec) => void (spec.placement.constraints = ['node.id==b'])));
    obey(world);
    world.report(wanted(world)[0]!.id, 'failed', { finishedAt: world.now });
    obey(world);
    assert.deepEqual(nodesOf(world), ['b']);
    deploy(world, 1, DATA, (spec) => void (spec.template.container.image = 'app:2'));
    obey(world);
    assert.deepEqual(nodesOf(world), ['b']);
  });

  it('waits while that node is down, and says for which volume', () => {
    const world = runOnB();
    world.setNode('b', (node) => void (node.status.state = 'down'));
    world.settle();
    assert.deepEqual(nodesOf(world), [undefined]);
    assert.equal(wanted(world)[0]!.status.message, 'its volume shop_data is on b: node b does not suit: down');
    world.setNode('b', (node) => void (node.status.state = 'ready'));
    obey(world);
    assert.deepEqual(nodesOf(world), ['b']);
  });

  it('goes elsewhere when that node is drained or removed', () => {
    const drained = runOnB();
    drained.setNode('b', (node) => void (node.spec.availability = 'drain'));
    obey(drained);
    assert.notEqual(nodesOf(drained)[0], 'b');
    const removed = runOnB();
    removed.setNode('b', (node) => void (node.status.state = 'down'));
    removed.settle();
    removed.write({ type: 'delete', kind: 'nodes', id: 'b' });
    obey(removed);
    assert.match(nodesOf(removed)[0]!, /^[ac]$/);
  });

  it('goes anywhere when the volume is shared, or is told not to stay', () => {
    for (const volume of [{ driver: 'rexray' }, { driverOptions: { type: 'nfs' } }, { labels: { 'tessera.stay': 'no' } }]) {
      const world = runOnB({ ...DATA, volume });
      world.setNode('b', (node) => void (node.status.state = 'down'));
      obey(world);
      assert.match(nodesOf(world)[0]!, /^[ac]$/, JSON.stringify(volume));
    }
  });

  it('finds a volume that is there from an earlier deploy and that no other task uses', () => {
    const world = cluster('a', 'b', 'c');
    holdsVolumes(world, 'b', 'shop_data');
    deploy(world, 3, DATA);
    obey(world);
    assert.deepEqual(nodesOf(world), ['b', 'a', 'c']);
  });

  it('finds the volume of its own slot by the name that has the slot in it (moby/moby 31671: no volume per replica)', () => {
    const world = cluster('a', 'b', 'c');
    holdsVolumes(world, 'a', 'data-2');
    holdsVolumes(world, 'c', 'data-1');
    deploy(world, 2, { ...DATA, source: 'data-{{.Task.Slot}}' });
    obey(world);
    assert.deepEqual(nodesOf(world), ['c', 'a']);
  });

  it('waits for room on its node while tasks without data go elsewhere', () => {
    const world = runOnB();
    world.setNode('b', (node) => void (node.spec.availability = 'pause'));
    deploy(world, 2, DATA, (spec) => void (spec.template.container.image = 'app:2'));
    obey(world);
    assert.equal(nodesOf(world).includes(undefined), true);
    assert.match(
      wanted(world).find(({ nodeId }) => !nodeId)!.status.message,
      /^its volume shop_data is on b: node b does not suit: paused$/,
    );
  });
});

describe('The image', () => {
  it('draws a task to a node that has it, of nodes that are equally used', () => {
    const world = cluster('a', 'b', 'c');
    world.setNode('b', (node) => void (node.description!.images = ['app:1']));
    world.deploy(serviceSpec('web', 1));
    world.settle();
    assert.equal(world.tasks('web')[0]!.nodeId, 'b');
    world.deploy(serviceSpec('other', 2));
    world.settle();
    assert.deepEqual(
      world
        .tasks('other')
        .map(({ nodeId }) => nodeId)
        .sort(),
      ['a', 'c'],
    );
  });
});
