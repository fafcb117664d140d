import assert from 'node:assert/strict';
import type { ServiceSpec, Task } from '@tessera/api';
import { readyNode, serviceSpec } from '../model/testing/builders.js';
import { World } from '../plan/testing/world.js';

const GIB = 1024 ** 3;

/** A world with these nodes and one service, planned and scheduled. */
function placed(
  nodes: ReturnType<typeof readyNode>[],
  replicas: number,
  change: (spec: ServiceSpec) => void,
): { world: World; tasks: Task[]; nodes: Array<string | undefined>; message: string } {
  const world = new World();
  for (const node of nodes) world.putNode(node);
  world.deploy(serviceSpec('web', replicas, change));
  world.settle();
  const tasks = world.tasks('web').sort((a, b) => a.slot! - b.slot!);
  const message = tasks.find((task) => task.status.state === 'pending')?.status.message ?? '';
  return { world, tasks, nodes: tasks.map((task) => task.nodeId), message };
}

const counts = (nodes: ReadonlyArray<string | undefined>): Record<string, number> => {
  const found: Record<string, number> = {};
  for (const node of nodes) found[node ?? 'none'] = (found[node ?? 'none'] ?? 0) + 1;
  return found;
};
const three = (): ReturnType<typeof readyNode>[] => ['a', 'b', 'c'].map((id) => readyNode(id));

describe('the scheduler', () => {
  it('spreads replicas evenly', () => {
    assert.deepEqual(counts(placed(three(), 7, () => {}).nodes), { a: 3, b: 2, c: 2 });
  });

  it('prefers the node with more free memory among equals', () => {
    const nodes = [readyNode('a'), readyNode('b')];
    const world = new World();
    for (const node of nodes) world.putNode(node);
    world.deploy(serviceSpec('big', 1, (spec) => void (spec.template.reservations.memoryBytes = 4 * GIB)));
    world.deploy(serviceSpec('small', 1));
    world.settle();
    world.deploy(serviceSpec('web', 1));
    world.settle();
    assert.equal(world.tasks('big')[0]!.nodeId, 'a');
    assert.equal(world.tasks('small')[0]!.nodeId, 'b');
    assert.equal(world.tasks('web')[0]!.nodeId, 'b');
  });

  it('never gives a node more than it has, and says how much is missing', () => {
    const { nodes, message } = placed(three(), 4, (spec) => void (spec.template.reservations.memoryBytes = 5 * GIB));
    assert.deepEqual(counts(nodes), { a: 1, b: 1, c: 1, none: 1 });
    assert.equal(message, '0/3 nodes: 3 not enough memory (need 5 GiB, best has 3 GiB)');
  });

  it('counts every refusal under its reason', () => {
    const nodes = [readyNode('a', { labels: { disk: 'ssd' } }), readyNode('b'), readyNode('c', { availability: 'drain' })];
    const { message } = placed(nodes, 1, (spec) => {
      spec.placement.constraints = ['node.labels.disk==ssd'];
      spec.template.reservations.nanoCpus = 8e9;
    });
    assert.equal(message, '0/3 nodes: 1 drained, 1 constraint node.labels.disk==ssd, 1 not enough CPU (need 8, best has 4)');
  });

  it('says that there are no nodes', () => {
    assert.equal(placed([], 1, () => {}).message, '0/0 nodes: the cluster has no nodes');
  });

  it('counts generic resources', () => {
    const nodes = [readyNode('a', { resources: { generic: [{ kind: 'gpu', count: 2 }] } }), readyNode('b')];
    const { nodes: places, message } = placed(nodes, 3, (spec) => void (spec.template.reservations.generic = [{ kind: 'gpu', count: 1 }]));
    assert.deepEqual(counts(places), { a: 2, none: 1 });
    assert.match(message, /2 not enough gpu \(need 1, best has 0\)/);
  });

  it('gives a host port once to a node, but for different addresses', () => {
    const port = { protocol: 'tcp', target: 80, published: 8080, mode: 'host' } as const;
    const { world, nodes, message } = placed(three(), 4, (spec) => void (spec.ports = [{ ...port, hostIp: '10.0.0.1' }]));
    assert.deepEqual(counts(nodes), { a: 1, b: 1, c: 1, none: 1 });
    assert.match(message, /3 host port tcp\/8080 in use/);
    world.deploy(serviceSpec('other', 1, (spec) => void (spec.ports = [{ ...port, hostIp: '10.0.0.2' }])));
    world.deploy(serviceSpec('all', 1, (spec) => void (spec.ports = [port])));
    world.settle();
    assert.equal(world.tasks('other')[0]!.status.state, 'assigned');
    assert.equal(world.tasks('all')[0]!.status.state, 'pending');
  });

  it('leaves out a node where something else listens on the port', () => {
    const busy = readyNode('a');
    busy.description!.busyPorts = [{ protocol: 'tcp', port: 8080 }];
    const { nodes } = placed(
      [busy, readyNode('b')],
      1,
      (spec) => void (spec.ports = [{ protocol: 'tcp', target: 80, published: 8080, mode: 'host' }]),
    );
    assert.deepEqual(nodes, ['b']);
  });

  it('keeps tasks off a node with a taint that they do not tolerate, and says which', () => {
    const tainted = readyNode('a');
    tainted.spec.taints = [{ key: 'dedicated', value: 'db', effect: 'no-schedule' }];
    const { message } = placed([tainted], 1, () => {});
    assert.equal(message, '0/1 node: 1 taint dedicated=db:no-schedule not tolerated');
    const tolerant = placed([tainted], 1, (spec) => void (spec.placement.tolerations = [{ key: 'dedicated' }]));
    assert.deepEqual(tolerant.nodes, ['a']);
  });

  it('leaves a node what is kept for the host itself', () => {
    const reserved = { nanoCpus: 1e9, memoryBytes: 6 * GIB };
    const { nodes, message } = placed([readyNode('a', { resources: { reserved } })], 3, (spec) => {
      spec.template.reservations.memoryBytes = 1 * GIB;
    });
    assert.deepEqual(counts(nodes), { a: 2, none: 1 });
    assert.match(message, /not enough memory \(need 1 GiB, best has 0 B\)/);
    const overruled = readyNode('a', { resources: { reserved } });
    overruled.spec.reserved = { memoryBytes: 0 };
    assert.deepEqual(counts(placed([overruled], 9, (spec) => void (spec.template.reservations.memoryBytes = 1 * GIB)).nodes), {
      a: 8,
      none: 1,
    });
  });

  it('gives each task named resources of its own, and to another what one gives back', () => {
    const gpus = readyNode('a', {
      resources: {
        generic: [
          { kind: 'gpu', count: 3, ids: ['g1', 'g2', 'g3'] },
          { kind: 'disk', count: 9 },
        ],
      },
    });
    const { world, message } = placed([gpus], 3, (spec) => {
      spec.template.restart.delayMs = 0;
      spec.template.reservations.generic = [
        { kind: 'gpu', count: 1 },
        { kind: 'disk', count: 2 },
      ];
    });
    const given = (): Record<string, string[]> =>
      Object.fromEntries(
        world
          .tasks('web')
          .filter(({ status }) => status.state === 'assigned')
          .map(({ slot, resources }) => [slot, resources!.flatMap(({ kind, ids }) => ids.map((id) => `${kind}=${id}`))]),
      );
    assert.equal(message, '');
    assert.deepEqual(given(), { 1: ['gpu=g1'], 2: ['gpu=g2'], 3: ['gpu=g3'] });
    world.report(world.tasks('web').find(({ slot }) => slot === 2)!.id, 'failed', { finishedAt: world.now });
    world.settle();
    assert.deepEqual(given(), { 1: ['gpu=g1'], 2: ['gpu=g2'], 3: ['gpu=g3'] });
  });

  it('keeps max replicas per node', () => {
    const { nodes, message } = placed(three(), 7, (spec) => void (spec.placement.maxReplicasPerNode = 2));
    assert.deepEqual(counts(nodes), { a: 2, b: 2, c: 2, none: 1 });
    assert.match(message, /3 max replicas per node \(2\) reached/);
  });

  it('takes only nodes of the platform, by any of its names', () => {
    const arm = readyNode('a');
    arm.description!.platform.architecture = 'aarch64';
    const { nodes } = placed(
      [arm, readyNode('b')],
      2,
      (spec) => void (spec.placement.platforms = [{ os: 'linux', architecture: 'arm64' }]),
    );
    assert.deepEqual(nodes, ['a', 'a']);
  });

  it('spreads over label values first, nested in their order', () => {
    const nodes = [
      readyNode('a', { labels: { zone: 'x', rack: '1' } }),
      readyNode('b', { labels: { zone: 'x', rack: '1' } }),
      readyNode('c', { labels: { zone: 'x', rack: '2' } }),
      readyNode('d', { labels: { zone: 'y', rack: '1' } }),
    ];
    const { nodes: places } = placed(
      nodes,
      8,
      (spec) => void (spec.placement.preferences = [{ spread: 'node.labels.zone' }, { spread: 'node.labels.rack' }]),
    );
    assert.deepEqual(counts(places), { a: 1, b: 1, c: 2, d: 4 });
  });

  it('comes to a node where the service failed five times in five minutes last', () => {
    const world = new World();
    world.putNode(readyNode('a'));
    world.deploy(serviceSpec('web', 1, (spec) => void (spec.template.restart.delayMs = 0)));
    for (let failure = 0; failure < 5; failure++) {
      world.settle();
      world.report(world.tasks('web').find((task) => task.status.state === 'assigned')!.id, 'failed');
    }
    world.putNode(readyNode('b'));
    world.setNode('b', () => {});
    world.deploy(serviceSpec('other', 3));
    world.settle();
    assert.equal(world.tasks('web').find((task) => task.status.state === 'assigned')!.nodeId, 'b');
  });

  it('tries a rejected task elsewhere, and comes back to the node for another template or five minutes later', () => {
    const { world, tasks } = placed([readyNode('a'), readyNode('b')], 1, (spec) => void (spec.template.restart.delayMs = 0));
    assert.equal(tasks[0]?.nodeId, 'a');
    const rejectedOn = (): string | undefined => {
      const task = world.tasks('web').find(({ status }) => status.state === 'assigned')!;
      world.report(task.id, 'rejected', { finishedAt: world.now });
      world.now += 1;
      world.settle();
      return task.nodeId;
    };
    assert.deepEqual([rejectedOn(), rejectedOn()], ['a', 'b']);
    world.now += 5 * 60_000;
    assert.equal(rejectedOn(), 'a');
    world.deploy(serviceSpec('web', 1, (spec) => void (spec.template.container.image = 'app:2')));
    world.settle();
    assert.equal(world.tasks('web').find(({ image }) => image === 'app:2')?.nodeId, 'a');
  });

  it('leaves the task of a global service on its node, and says why it does not fit there', () => {
    const { message, nodes } = placed([readyNode('a'), readyNode('b', { resources: { memoryBytes: GIB } })], 0, (spec) => {
      spec.mode = { kind: 'global' };
      spec.template.reservations.memoryBytes = 2 * GIB;
    });
    assert.deepEqual(nodes.sort(), ['a', 'b']);
    assert.equal(message, 'node b does not suit: not enough memory (need 2 GiB, best has 1 GiB)');
  });

  it('places waiting tasks as soon as a node comes', () => {
    const { world } = placed([], 2, () => {});
    world.putNode(readyNode('a'));
    world.settle();
    assert.deepEqual(
      world.tasks('web').map((task) => [task.nodeId, task.status.state]),
      [
        ['a', 'assigned'],
        ['a', 'assigned'],
      ],
    );
  });
});
