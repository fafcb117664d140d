import assert from 'node:assert/strict';
import type { Affinity, ServiceSpec } from '@tessera/api';
import { readyNode, serviceSpec } from '../../model/testing/builders.js';
import { World } from '../../plan/testing/world.js';

const ZONE = 'node.labels.zone';

/** Nodes named after their zone and number: `a1` is in zone a. */
function cluster(...ids: string[]): World {
  const world = new World();
  for (const id of ids) world.putNode(readyNode(id, { labels: { zone: id[0]! } }));
  return world;
}

function deploy(
  world: World,
  name: string,
  replicas: number,
  affinity: Partial<Affinity>,
  change: (spec: ServiceSpec) => void = () => {},
): void {
  world.deploy(
    serviceSpec(name, replicas, (spec) => {
      spec.placement.affinity = { near: [], apart: [], nodes: [], ...affinity };
      change(spec);
    }),
  );
  world.settle();
}

function nodesOf(world: World, service: string): string[] {
  return world
    .tasks(service)
    .map((task) => task.nodeId ?? 'none')
    .sort();
}

function messageOf(world: World, service: string): string | undefined {
  return world.tasks(service).find((task) => task.status.state === 'pending')?.status.message;
}

describe('Affinity (moby/swarmkit 1442)', () => {
  it('keeps tasks of a service apart: one on each node, or one in each zone', () => {
    const world = cluster('a1', 'a2', 'b1');
    deploy(world, 'web', 4, { apart: [{ service: 'web', topology: 'node.id' }] });
    assert.deepEqual(nodesOf(world, 'web'), ['a1', 'a2', 'b1', 'none']);
    assert.match(messageOf(world, 'web')!, /3 with a task of web/);
    deploy(world, 'db', 3, { apart: [{ service: 'db', topology: ZONE }] });
    assert.equal(new Set(nodesOf(world, 'db').map((node) => node[0])).size, 3);
    assert.match(messageOf(world, 'db')!, /3 in a node\.labels\.zone with a task of db/);
  });

  it('keeps others away from a service that must be apart from them, though they say nothing', () => {
    const world = cluster('a1', 'b1');
    deploy(world, 'db', 1, { apart: [{ labels: { noisy: 'yes' }, topology: ZONE }] });
    deploy(world, 'batch', 2, {}, (spec) => void (spec.labels = { noisy: 'yes' }));
    assert.deepEqual([nodesOf(world, 'db'), nodesOf(world, 'batch')], [['a1'], ['b1', 'b1']]);
    world.setNode('b1', (node) => void (node.spec.availability = 'pause'));
    deploy(world, 'more', 1, {}, (spec) => void (spec.labels = { noisy: 'yes' }));
    assert.match(messageOf(world, 'more')!, /1 in a node\.labels\.zone with a task of db, which keeps apart/);
  });

  it('draws tasks to where others are, and lets them wait until these are somewhere', () => {
    const world = cluster('a1', 'a2', 'b1');
    deploy(world, 'web', 3, { near: [{ service: 'cache', topology: ZONE }] });
    assert.match(messageOf(world, 'web')!, /3 in a node\.labels\.zone without a task of cache/);
    world.setNode('b1', (node) => void (node.spec.labels = { zone: 'b', disk: 'ssd' }));
    deploy(world, 'cache', 1, {}, (spec) => void (spec.placement.constraints = ['node.labels.disk==ssd']));
    assert.deepEqual(nodesOf(world, 'web'), ['b1', 'b1', 'b1']);
  });

  it('lets the first of those that want to be together go anywhere', () => {
    const world = cluster('a1', 'b1', 'b2');
    deploy(world, 'web', 4, { near: [{ service: 'web', topology: ZONE }] });
    assert.equal(new Set(nodesOf(world, 'web').map((node) => node[0])).size, 1);
  });

  it('weighs wishes: for nodes, near to and apart from others', () => {
    const world = cluster('a1', 'b1', 'c1');
    deploy(world, 'cache', 1, { nodes: [{ constraint: `${ZONE}==c`, weight: 1 }] });
    assert.deepEqual(nodesOf(world, 'cache'), ['c1']);
    deploy(world, 'web', 1, {
      near: [{ service: 'cache', topology: ZONE, weight: 20 }],
      nodes: [{ constraint: `${ZONE}==a`, weight: 10 }],
    });
    assert.deepEqual(nodesOf(world, 'web'), ['c1']);
    deploy(world, 'api', 1, {
      apart: [{ service: 'cache', topology: ZONE, weight: 20 }],
      nodes: [{ constraint: `${ZONE}==c`, weight: 10 }],
    });
    assert.notDeepEqual(nodesOf(world, 'api'), ['c1']);
  });

  it('comes to a node with a taint that is to be avoided only when no other is left', () => {
    const world = cluster('a1', 'b1');
    world.setNode('a1', (node) => void (node.spec.taints = [{ key: 'old', value: '', effect: 'prefer-no-schedule' }]));
    deploy(world, 'web', 3, { nodes: [{ constraint: `${ZONE}==a`, weight: 100 }] }, (spec) => void (spec.placement.maxReplicasPerNode = 2));
    assert.deepEqual(nodesOf(world, 'web'), ['a1', 'b1', 'b1']);
  });

  it('takes a rule of a service that is changed into account for tasks that already wait', () => {
    const world = cluster('a1');
    world.setNode('a1', (node) => void (node.spec.availability = 'pause'));
    deploy(world, 'db', 1, {});
    deploy(world, 'web', 1, {});
    deploy(world, 'db', 1, { apart: [{ service: 'web', topology: 'node.id' }] });
    world.setNode('a1', (node) => void (node.spec.availability = 'active'));
    world.settle();
    assert.deepEqual([nodesOf(world, 'db'), nodesOf(world, 'web')], [['a1'], ['none']]);
  });
});
