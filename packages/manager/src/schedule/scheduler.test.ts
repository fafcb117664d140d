import assert from 'node:assert/strict';
import type { AffinityTerm, Node, Task } from '@tessera/api';
import fc from 'fast-check';
import { deployed, readyNode, serviceSpec } from '../model/testing/builders.js';
import { ScheduledWorld } from './testing/scheduled-world.js';

const HOUR_MS = 3_600_000;

type Step =
  | {
      do: 'deploy';
      service: number;
      replicas: number;
      memory: number;
      ssd: boolean;
      most: number;
      port: boolean;
      zones: boolean;
      near: number;
      apart: number;
      priority: number;
      data: boolean;
      pack: boolean;
    }
  | { do: 'node'; node: number; memory: number; ssd: boolean; available: boolean; tainted: boolean }
  | { do: 'remove-node'; node: number }
  | { do: 'end'; task: number }
  | { do: 'tell-to-go'; task: number }
  | { do: 'pass' };

const number = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('deploy' as const),
    service: number(3),
    replicas: number(5),
    memory: number(4),
    ssd: fc.boolean(),
    most: number(2),
    port: fc.boolean(),
    zones: fc.boolean(),
    near: number(12),
    apart: number(12),
    priority: number(4),
    data: fc.boolean(),
    pack: fc.boolean(),
  }),
  fc.record({
    do: fc.constant('node' as const),
    node: number(4),
    memory: number(8),
    ssd: fc.boolean(),
    available: fc.boolean(),
    tainted: fc.boolean(),
  }),
  fc.record({ do: fc.constant('remove-node' as const), node: number(4) }),
  fc.record({ do: fc.constant('end' as const), task: number(30) }),
  fc.record({ do: fc.constant('tell-to-go' as const), task: number(30) }),
  fc.record({ do: fc.constant('pass' as const) }),
);

function nodeOf(step: Extract<Step, { do: 'node' }>): Node {
  const node = readyNode(`n${step.node}`, {
    labels: step.ssd ? { disk: 'ssd' } : {},
    resources: { memoryBytes: step.memory },
    availability: step.available ? 'active' : 'pause',
  });
  if (step.tainted) node.spec.taints = [{ key: 'kept', value: '', effect: 'no-schedule' }];
  return node;
}

function apply(world: ScheduledWorld, step: Step): void {
  const taskAt = (place: number): Task | undefined => [...world.view.all('tasks')][place];
  switch (step.do) {
    case 'deploy':
      world.deploy(
        `s${step.service}`,
        step.replicas,
        serviceSpec(`s${step.service}`, step.replicas, (spec) => {
          spec.template.reservations.memoryBytes = step.memory;
          spec.placement.constraints = step.ssd ? ['node.labels.disk==ssd'] : [];
          spec.placement.maxReplicasPerNode = step.most;
          spec.placement.preferences = step.zones ? [{ spread: 'node.labels.disk' }] : [];
          const terms = (service: number): AffinityTerm[] =>
            service > 3 ? [] : [{ service: `s${service}`, topology: 'node.labels.disk' }];
          spec.placement.affinity = { near: terms(step.near), apart: terms(step.apart), nodes: [] };
          if (step.data) spec.template.container.mounts = [{ type: 'volume', source: 'data', target: '/data' }];
          if (step.pack) spec.placement.strategy = 'binpack';
          if (step.priority > 2) spec.placement.priority = step.priority;
          if (step.port) spec.ports = [{ protocol: 'tcp', target: 80, published: 80, mode: 'host' }];
        }),
      );
      break;
    case 'node':
      world.putNode(nodeOf(step));
      break;
    case 'remove-node':
      world.delete('nodes', `n${step.node}`);
      break;
    case 'end': {
      const task = taskAt(step.task);
      if (task) world.putTask({ ...task, status: { ...task.status, state: 'failed', at: world.now } });
      break;
    }
    case 'tell-to-go': {
      const task = taskAt(step.task);
      if (task) world.putTask({ ...task, desired: 'shutdown' });
      break;
    }
    case 'pass':
      world.pass(true);
  }
}

describe('the scheduler, change by change', () => {
  it('places what a scheduler would that looks at everything anew, and says the same of the rest', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 5 }), (steps, most) => {
        const world = new ScheduledWorld(most);
        for (const each of steps) apply(world, each);
        world.pass(true);
        assert.deepEqual(
          world.anew().filter(({ before, after }) => after.nodeId !== before.nodeId),
          [],
          'nothing that fits is left waiting',
        );
        world.now += HOUR_MS;
        world.pass();
        assert.deepEqual(world.anew(), [], 'every reason is as it is now');
      }),
      { numRuns: 300 },
    );
  });

  it('looks at a group that fits nowhere again only where something has changed that can help it', () => {
    const world = new ScheduledWorld();
    for (let node = 0; node < 50; node++) world.putNode(readyNode(`n${node}`, { resources: { memoryBytes: 4 } }));
    const deploy = (id: string, replicas: number, change: Parameters<typeof serviceSpec>[2]): void => {
      world.now++;
      world.deploy(id, replicas, serviceSpec(id, replicas, change));
    };
    deploy('full', 50, (spec) => void (spec.template.reservations.memoryBytes = 3));
    deploy('ssd', 9, (spec) => void (spec.placement.constraints = ['node.labels.disk==ssd']));
    deploy('big', 9, (spec) => void (spec.template.reservations.memoryBytes = 2));
    world.pass();
    const looked = (change: () => void): number => {
      const before = world.nodesAsked();
      change();
      world.pass();
      return world.nodesAsked() - before;
    };
    const running = [...world.view.tasksOfService('full')][0]!;
    assert.ok(looked(() => deploy('small', 9, () => {})) >= 50, 'a new group looks at all nodes');
    looked(() => deploy('first', 1, () => {}));
    assert.ok(looked(() => deploy('single', 1, () => {})) < 10, 'but for one of a task or few: it looks at the first that all share');
    assert.ok(
      looked(() => world.putTask({ ...running, status: { ...running.status, state: 'complete' } })) < 10,
      'room on one node costs that node, for the group that it helps',
    );
    assert.equal([...world.view.tasksOfService('big')].filter((task) => task.nodeId).length, 2);
    assert.ok(looked(() => world.putNode(readyNode('n9', { labels: { disk: 'ssd' }, resources: { memoryBytes: 4 } }))) < 50);
    assert.equal([...world.view.tasksOfService('ssd')].filter((task) => task.nodeId === 'n9').length, 9);
  });

  it('writes a changed reason at most once a second, and less often to many tasks', () => {
    const world = new ScheduledWorld();
    world.putNode(readyNode('n0', { resources: { memoryBytes: 100 } }));
    world.deploy(
      'big',
      3_000,
      serviceSpec('big', 3_000, (spec) => void (spec.template.reservations.memoryBytes = 200)),
    );
    assert.equal(world.pass(), 3_000);
    const fill = (service: string): number => {
      world.deploy(
        service,
        1,
        serviceSpec(service, 1, (spec) => void (spec.template.reservations.memoryBytes = 10)),
      );
      return world.pass();
    };
    assert.equal(fill('a'), 1);
    assert.equal(world.againInMs, 3_000);
    world.now += 2_999;
    assert.equal(fill('b'), 1);
    world.now += 1;
    assert.equal(world.pass(), 3_000);
    assert.match([...world.view.tasksOfService('big')][7]!.status.message, /best has 80 B/);
    assert.equal(world.againInMs, undefined);
  });

  it('tells a new task of a group that fits nowhere at once, without looking anywhere', () => {
    const world = new ScheduledWorld();
    for (let node = 0; node < 20; node++) world.putNode(readyNode(`n${node}`));
    const spec = serviceSpec('ssd', 1, (draft) => void (draft.placement.constraints = ['node.labels.disk==ssd']));
    world.deploy('ssd', 1, spec);
    world.pass();
    const before = world.nodesAsked();
    world.addTask('ssd', 2);
    assert.equal(world.pass(), 1);
    assert.equal(world.nodesAsked(), before);
    assert.match(world.view.get('tasks', 'ssd.2')!.status.message, /20 constraint/);
  });

  it('takes back what could not be written, and decides anew', () => {
    const world = new ScheduledWorld();
    world.putNode(readyNode('n0', { resources: { memoryBytes: 10 } }));
    world.deploy(
      'web',
      3,
      serviceSpec('web', 3, (spec) => void (spec.template.reservations.memoryBytes = 5)),
    );
    const { decisions } = world.scheduler.pass(1);
    assert.equal(decisions.filter(({ after }) => after.nodeId).length, 2);
    for (const decision of decisions) world.scheduler.takeBack(decision);
    assert.equal(world.pass(), 3);
    assert.deepEqual(world.anew(), []);
  });

  const full = (): { world: ScheduledWorld; decided: Task } => {
    const world = new ScheduledWorld();
    world.putNode(readyNode('n0', { resources: { memoryBytes: 10 } }));
    const spec = serviceSpec('web', 1, (draft) => void (draft.template.reservations.memoryBytes = 10));
    world.deploy('web', 1, spec);
    const decided = world.scheduler.pass(1).decisions[0]!.after;
    assert.equal(decided.nodeId, 'n0');
    return { world, decided };
  };

  const another = (world: ScheduledWorld): string | undefined => {
    world.addTask('web', 2);
    world.pass();
    return world.view.get('tasks', 'web.2')!.nodeId;
  };

  it('counts what it has decided once it is written, also on a node that was removed and came back meanwhile', () => {
    for (const comesBack of [false, true]) {
      const { world, decided } = full();
      if (comesBack) world.delete('nodes', 'n0');
      if (comesBack) world.putNode(readyNode('n0', { resources: { memoryBytes: 10 } }));
      world.putTask(decided);
      assert.equal(another(world), undefined);
    }
  });

  it('counts by the spec that holds when its decision is written', () => {
    const { world, decided } = full();
    const smaller = serviceSpec('web', 1, (draft) => void (draft.template.reservations.memoryBytes = 5));
    const { service } = deployed(smaller, 'web', world.view.get('services', 'web'));
    // The same template by its hash, as when only the placement or labels change.
    world.put('services', { ...service, templateHash: decided.templateHash });
    world.putTask(decided);
    assert.equal(another(world), 'n0');
  });
});
