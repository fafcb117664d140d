import assert from 'node:assert/strict';
import type { ServiceSpec, Task } from '@tessera/api';
import fc from 'fast-check';
import { isAssigned, isLive, isToldToGo, isWanted } from '../../model/task.js';
import { readyNode, serviceSpec } from '../../model/testing/builders.js';
import { obey } from '../../plan/testing/agents.js';
import { World } from '../../plan/testing/world.js';
import { NodeTable } from '../node-table.js';
import { taskGroupOf } from '../task-group.js';
import { ScheduledWorld } from '../testing/scheduled-world.js';
import { planRoom } from './room.js';

interface Wish {
  priority: number;
  replicas: number;
  memory: number;
}

function deploy(world: World, name: string, { priority, replicas, memory }: Wish, change: (spec: ServiceSpec) => void = () => {}): void {
  world.deploy(
    serviceSpec(name, replicas, (spec) => {
      spec.template.reservations.memoryBytes = memory;
      if (priority !== 0) spec.placement.priority = priority;
      change(spec);
    }),
  );
}

function cluster(...memory: number[]): World {
  const world = new World();
  memory.forEach((memoryBytes, index) => void world.putNode(readyNode(`n${index}`, { resources: { memoryBytes } })));
  return world;
}

const wanted = (world: World, service: string): Task[] => world.tasks(service).filter(isWanted);
const placed = (world: World, service: string): Task[] => wanted(world, service).filter(isAssigned);
const leaving = (world: World): Task[] => [...world.view.all('tasks')].filter((task) => isLive(task) && isToldToGo(task));

describe('A task of higher priority that finds no room', () => {
  it('displaces as few lower ones as possible, the lowest first, which are told to go and wait with a reason', () => {
    const world = cluster(4);
    deploy(world, 'low', { priority: -10, replicas: 2, memory: 1 });
    deploy(world, 'mid', { priority: 0, replicas: 2, memory: 1 });
    obey(world);
    deploy(world, 'high', { priority: 100, replicas: 1, memory: 1 });
    world.settle();
    const [victim, ...others] = leaving(world);
    assert.deepEqual([victim?.serviceId, victim?.desired, others.length], ['low', 'shutdown', 0]);
    assert.deepEqual(victim?.madeRoomFor, { service: 'high', priority: 100 });
    assert.match(
      wanted(world, 'high')[0]!.status.message,
      /^0\/1 node: 1 not enough memory \(need 1 B, best has 0 B\); tasks of lower priority make room on 1 node$/,
    );
    obey(world);
    assert.equal(placed(world, 'high').length, 1);
    const waiting = wanted(world, 'low').find((task) => !isAssigned(task))!;
    assert.match(waiting.status.message, /^0\/1 node: 1 not enough memory .*; it made room for high \(priority 100\)$/);
    assert.equal(placed(world, 'mid').length, 2);
  });

  it('leaves tasks of the same and of a higher priority alone, and its own service', () => {
    const world = cluster(2);
    deploy(world, 'one', { priority: 5, replicas: 2, memory: 1 });
    obey(world);
    deploy(world, 'two', { priority: 5, replicas: 1, memory: 1 });
    deploy(world, 'three', { priority: 4, replicas: 1, memory: 1 });
    deploy(world, 'one', { priority: 9, replicas: 3, memory: 1 });
    world.settle();
    assert.deepEqual(leaving(world), []);
  });

  it('waits for what leaves anyway', () => {
    const world = cluster(2);
    deploy(world, 'low', { priority: 0, replicas: 2, memory: 1 });
    obey(world);
    deploy(world, 'low', { priority: 0, replicas: 1, memory: 1 });
    world.planService('low');
    assert.equal(leaving(world).length, 1);
    deploy(world, 'high', { priority: 1, replicas: 1, memory: 1 });
    world.settle();
    assert.equal(leaving(world).length, 1);
  });

  it('takes the node where fewest have to go', () => {
    const world = cluster(4, 4);
    deploy(world, 'small', { priority: 0, replicas: 4, memory: 1 }, (spec) => void (spec.placement.constraints = ['node.id==n0']));
    deploy(world, 'large', { priority: 0, replicas: 1, memory: 4 }, (spec) => void (spec.placement.constraints = ['node.id==n1']));
    obey(world);
    deploy(world, 'high', { priority: 1, replicas: 1, memory: 3 });
    world.settle();
    assert.deepEqual(
      leaving(world).map(({ serviceId }) => serviceId),
      ['large'],
    );
  });

  it('displaces nobody where that does not help', () => {
    const world = cluster(4);
    deploy(world, 'low', { priority: 0, replicas: 4, memory: 1 });
    obey(world);
    deploy(world, 'huge', { priority: 9, replicas: 1, memory: 5 });
    deploy(
      world,
      'elsewhere',
      { priority: 9, replicas: 1, memory: 1 },
      (spec) => void (spec.placement.constraints = ['node.labels.disk==ssd']),
    );
    world.settle();
    assert.deepEqual(leaving(world), []);
  });

  it('keeps the room that is made from tasks of lower priority', () => {
    const world = cluster(4);
    deploy(world, 'low', { priority: 0, replicas: 4, memory: 1 });
    obey(world);
    deploy(world, 'high', { priority: 9, replicas: 1, memory: 3 });
    world.settle();
    const going = leaving(world);
    assert.equal(going.length, 3);
    world.report(going[0]!.id, 'shutdown');
    world.settle();
    assert.equal(placed(world, 'low').length, 1, 'the successor of what has gone does not take its room');
    assert.match(wanted(world, 'low').find((task) => !isAssigned(task))!.status.message, /1 kept for tasks of high \(priority 9\)/);
    obey(world);
    assert.equal(placed(world, 'high').length, 1);
  });

  it('keeps room at the priority that it has now, not at the one that it had when the room was made', () => {
    const world = cluster(1);
    deploy(world, 'low', { priority: 0, replicas: 1, memory: 1 });
    obey(world);
    deploy(world, 'high', { priority: 10, replicas: 1, memory: 1 });
    world.settle();
    const [going] = leaving(world);
    deploy(world, 'high', { priority: -10, replicas: 1, memory: 1 });
    deploy(world, 'mid', { priority: 5, replicas: 1, memory: 1 });
    world.settle();
    world.report(going!.id, 'shutdown');
    world.settle();
    assert.deepEqual([placed(world, 'mid').length, placed(world, 'high').length], [1, 0]);
  });

  it('keeps nothing for what waits no more', () => {
    const world = cluster(1);
    deploy(world, 'low', { priority: 0, replicas: 1, memory: 1 });
    obey(world);
    deploy(world, 'high', { priority: 10, replicas: 1, memory: 1 });
    world.settle();
    const [going] = leaving(world);
    world.write({ type: 'delete', kind: 'services', id: 'high' });
    world.settle();
    world.report(going!.id, 'shutdown');
    world.settle();
    assert.equal(placed(world, 'low').length, 1);
  });

  it('never displaces a service that it must be near, and so waits rather than taking turns with it', () => {
    const world = cluster(2);
    deploy(world, 'cache', { priority: 0, replicas: 1, memory: 2 });
    obey(world);
    deploy(
      world,
      'high',
      { priority: 9, replicas: 1, memory: 1 },
      (spec) => void (spec.placement.affinity = { near: [{ service: 'cache', topology: 'node.id' }], apart: [], nodes: [] }),
    );
    world.settle();
    assert.deepEqual(leaving(world), []);
    world.deploy(serviceSpec('other', 1, (spec) => void (spec.template.reservations.memoryBytes = 1)));
    world.setNode('n0', (node) => void (node.description!.resources.memoryBytes = 3));
    obey(world);
    assert.deepEqual([placed(world, 'cache').length, placed(world, 'high').length, placed(world, 'other').length], [1, 1, 0]);
  });

  it('looks again when the priority of what is in its way falls', () => {
    const world = cluster(1);
    deploy(world, 'mid', { priority: 5, replicas: 1, memory: 1 });
    obey(world);
    deploy(world, 'high', { priority: 5, replicas: 1, memory: 1 });
    world.settle();
    assert.deepEqual(leaving(world), []);
    world.now += 1_000;
    deploy(world, 'mid', { priority: 4, replicas: 1, memory: 1 });
    obey(world);
    assert.deepEqual([placed(world, 'mid').length, placed(world, 'high').length], [0, 1]);
  });

  it('keeps nothing once nobody is of a lower priority, and says so', () => {
    const world = cluster(1);
    deploy(world, 'low', { priority: 0, replicas: 1, memory: 1 });
    obey(world);
    deploy(world, 'high', { priority: 10, replicas: 1, memory: 1 });
    world.settle();
    deploy(world, 'high', { priority: 0, replicas: 1, memory: 1 });
    world.now += 60_000;
    world.settle();
    assert.match(wanted(world, 'high')[0]!.status.message, /not enough memory \(need 1 B, best has 0 B\)$/);
  });

  it('makes room for the task of a global service on its node', () => {
    const world = cluster(2, 2);
    deploy(world, 'low', { priority: 0, replicas: 4, memory: 1 });
    obey(world);
    deploy(world, 'agent', { priority: 9, replicas: 0, memory: 1 }, (spec) => void (spec.mode = { kind: 'global' }));
    obey(world);
    assert.deepEqual(
      placed(world, 'agent')
        .map(({ nodeId }) => nodeId)
        .sort(),
      ['n0', 'n1'],
    );
    assert.equal(placed(world, 'low').length, 2);
  });
});

describe('Within one pass', () => {
  const near = (service: string) => (spec: ServiceSpec) =>
    void (spec.placement.affinity = { near: [{ service, topology: 'node.id' }], apart: [], nodes: [] });
  const put = (
    world: ScheduledWorld,
    id: string,
    memory: number,
    priority: number,
    change: (spec: ServiceSpec) => void = () => {},
  ): void => {
    world.now++;
    world.deploy(
      id,
      1,
      serviceSpec(id, 1, (spec) => {
        spec.template.reservations.memoryBytes = memory;
        spec.placement.priority = priority;
        change(spec);
      }),
    );
  };
  const task = (world: ScheduledWorld, id: string): Task => world.view.get('tasks', `${id}.1`)!;
  const oneNode = (memoryBytes: number): ScheduledWorld => {
    const world = new ScheduledWorld();
    world.putNode(readyNode('n0', { resources: { memoryBytes } }));
    return world;
  };

  for (const order of [
    ['cache', 'low'],
    ['low', 'cache'],
  ]) {
    it(`${order[0]} and ${order[1]} are placed, and the lower one makes room for what comes after the other`, () => {
      const world = oneNode(4);
      for (const id of order) put(world, id, 2, 0);
      put(world, 'high', 2, 9, near('cache'));
      world.pass(true);
      assert.deepEqual(task(world, 'low').madeRoomFor, { service: 'high', priority: 9 });
      assert.equal(task(world, 'cache').desired, 'running');
    });
  }

  it('what was told to go is nobody to be near any more', () => {
    const world = oneNode(1);
    put(world, 'cache', 1, 0);
    world.pass();
    put(world, 'high', 1, 9);
    put(world, 'web', 0, 9, near('cache'));
    world.pass(true);
    assert.equal(task(world, 'cache').desired, 'shutdown');
    assert.equal(task(world, 'web').nodeId, undefined);
  });
});

const wishes = fc.array(
  fc.record({
    priority: fc.integer({ min: -2, max: 2 }),
    replicas: fc.integer({ min: 1, max: 4 }),
    memory: fc.integer({ min: 1, max: 3 }),
  }),
  { minLength: 1, maxLength: 5 },
);
const memories = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 });

/** Whether there is a set of lower tasks on some node without which the task would fit. */
function couldDisplace(world: World, task: Task): boolean {
  const priorityOf = ({ serviceId }: Task): number => world.view.get('services', serviceId)!.spec.placement.priority ?? 0;
  const memoryOf = ({ serviceId }: Task): number => world.view.get('services', serviceId)!.spec.template.reservations.memoryBytes;
  return [...world.view.all('nodes')].some((node) => {
    const there = [...world.view.tasksOfNode(node.id)].filter((other) => isLive(other) && isAssigned(other));
    const staying = there.filter((other) => priorityOf(other) >= priorityOf(task));
    const used = staying.reduce((sum, other) => sum + memoryOf(other), 0);
    return used + memoryOf(task) <= node.description!.resources.memoryBytes;
  });
}

describe('Pre-emption', () => {
  it('comes to an end, where nobody waits who could still displace somebody lower', () => {
    fc.assert(
      fc.property(memories, wishes, (nodes, wanted) => {
        const world = cluster(...nodes);
        for (const [index, wish] of wanted.entries()) {
          deploy(world, `s${index}`, wish);
          obey(world);
        }
        for (const task of world.view.pendingTasks()) assert.ok(!couldDisplace(world, task), `${task.serviceId}: ${task.status.message}`);
      }),
      { numRuns: 200 },
    );
  });

  it('plans only lower tasks, none of which could be spared, and leaves the node table as it was', () => {
    fc.assert(
      fc.property(memories, wishes, fc.integer({ min: 1, max: 4 }), (nodes, wanted, memory) => {
        const world = cluster(...nodes);
        for (const [index, wish] of wanted.entries()) deploy(world, `s${index}`, wish);
        obey(world);
        deploy(world, 'high', { priority: 1, replicas: 1, memory });
        world.planService('high');
        const [task] = world.tasks('high');
        const table = NodeTable.of(world.view);
        const state = (): unknown => [[...table.freeMemory], [...table.taskCounts], table.changes.version];
        const before = state();
        const { victims, nodes: kept } = planRoom({
          view: world.view,
          table,
          group: taskGroupOf(world.view, task!)!,
          key: '',
          waiting: [task!],
          latest: (one) => one,
        });
        assert.deepEqual(state(), before);
        if (victims.length === 0) return;
        const index = [...kept.keys()][0]!;
        const memoryOf = (serviceId: string): number => world.view.get('services', serviceId)!.spec.template.reservations.memoryBytes;
        const free = table.freeMemory[index]! + victims.reduce((sum, victim) => sum + memoryOf(victim.serviceId), 0);
        assert.ok(free >= memory, 'they make room enough');
        for (const victim of victims) {
          assert.ok((world.view.get('services', victim.serviceId)!.spec.placement.priority ?? 0) < 1);
          assert.equal(victim.nodeId, table.node(index)!.id);
          assert.ok(free - memoryOf(victim.serviceId) < memory, 'none is displaced for nothing');
        }
      }),
      { numRuns: 300 },
    );
  });
});
