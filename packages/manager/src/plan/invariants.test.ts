import assert from 'node:assert/strict';
import { type ServiceSpec, TASK_STATES, type Task } from '@tessera/api';
import fc from 'fast-check';
import { byAge, isAssigned, isLive, isRunning, isToldToGo, isWanted, slotKey } from '../model/task.js';
import { readyNode, serviceSpec } from '../model/testing/builders.js';
import { serviceProgress } from './progress.js';
import { movesStartFirst } from './service/starts-first.js';
import { World } from './testing/world.js';

const NODES = ['n1', 'n2', 'n3', 'n4'];
const SERVICES = ['s1', 's2'];
const GIB = 1024 ** 3;

type Step =
  | { kind: 'work'; pick: number; outcome: 'advance' | 'fail' | 'reject' | 'complete' | 'agent-restart' }
  | { kind: 'node'; id: string; to: 'down' | 'ready' | 'drain' | 'active' | 'pause' | 'label' | 'unlabel' }
  | { kind: 'deploy'; id: string; spec: ServiceSpec }
  | { kind: 'remove'; id: string }
  | { kind: 'control'; id: string; action: 'pause' | 'resume' | 'promote' }
  | { kind: 'wait'; ms: number };

function modeOf(mode: number | 'global' | 'job' | 'global-job'): ServiceSpec['mode'] {
  if (mode === 'job') return { kind: 'replicated-job', completions: 3, concurrency: 2 };
  return typeof mode === 'number' ? { kind: 'replicated', replicas: mode } : { kind: mode };
}

const specs: fc.Arbitrary<ServiceSpec> = fc
  .record({
    mode: fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: 0, max: 5 }) },
      { weight: 1, arbitrary: fc.constantFrom('global' as const, 'job' as const, 'global-job' as const) },
    ),
    dependent: fc.boolean(),
    image: fc.constantFrom('app:1', 'app:2', 'app:3'),
    order: fc.constantFrom('stop-first' as const, 'start-first' as const),
    parallelism: fc.integer({ min: 0, max: 2 }),
    delayMs: fc.constantFrom(0, 2_000),
    failureAction: fc.constantFrom('pause' as const, 'continue' as const, 'rollback' as const),
    maxFailureRatio: fc.constantFrom(0, 0.5),
    condition: fc.constantFrom('any' as const, 'any' as const, 'on-failure' as const, 'none' as const),
    maxAttempts: fc.constantFrom(0, 0, 2),
    memoryGib: fc.constantFrom(0, 1, 3),
    constrained: fc.boolean(),
    hostPort: fc.boolean(),
    progressDeadlineMs: fc.constantFrom(undefined, undefined, 3_000),
    canary: fc.constantFrom(undefined, undefined, { count: 1 }, { percent: 50 }),
    gpus: fc.constantFrom(0, 0, 1, 2),
    priority: fc.constantFrom(undefined, undefined, 10, -10),
  })
  .map((choice) =>
    serviceSpec('web', 1, (spec) => {
      spec.mode = modeOf(choice.mode);
      if (choice.dependent) spec.dependsOn = [{ service: 's1', condition: 'service_healthy', required: false, restart: false }];
      spec.template.container.image = choice.image;
      const { order, parallelism, delayMs, failureAction, maxFailureRatio } = choice;
      spec.update = { order, parallelism, delayMs, failureAction, maxFailureRatio, monitorMs: 5_000 };
      spec.rollback = { ...spec.update, failureAction: 'pause' };
      spec.template.restart = { condition: choice.condition, delayMs: 5_000, maxAttempts: choice.maxAttempts, windowMs: 0 };
      spec.template.reservations.memoryBytes = choice.memoryGib * GIB;
      if (choice.priority !== undefined) spec.placement.priority = choice.priority;
      if (choice.gpus > 0) spec.template.reservations.generic = [{ kind: 'gpu', count: choice.gpus }];
      if (choice.constrained) spec.placement.constraints = ['node.labels.disk==ssd'];
      if (choice.progressDeadlineMs !== undefined) spec.progressDeadlineMs = choice.progressDeadlineMs;
      if (choice.canary) spec.canary = choice.canary;
      if (choice.hostPort) spec.ports = [{ protocol: 'tcp', target: 80, published: 8080, mode: 'host' }];
    }),
  );

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('work' as const),
      pick: fc.nat(),
      outcome: fc.constantFrom(
        'advance' as const,
        'advance' as const,
        'advance' as const,
        'advance' as const,
        'fail' as const,
        'reject' as const,
        'complete' as const,
        'agent-restart' as const,
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('node' as const),
      id: fc.constantFrom(...NODES),
      to: fc.constantFrom(
        'down' as const,
        'ready' as const,
        'drain' as const,
        'active' as const,
        'pause' as const,
        'label' as const,
        'unlabel' as const,
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('deploy' as const), id: fc.constantFrom(...SERVICES), spec: specs }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('control' as const),
      id: fc.constantFrom(...SERVICES),
      action: fc.constantFrom('pause' as const, 'resume' as const, 'promote' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), id: fc.constantFrom(...SERVICES) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(100, 2_000, 6_000) }) },
);

function newWorld(): World {
  const world = new World();
  const resources = { generic: [{ kind: 'gpu', count: 3, ids: ['g1', 'g2', 'g3'] }] };
  for (const id of NODES) world.putNode(readyNode(id, { labels: id < 'n3' ? { disk: 'ssd' } : {}, resources }));
  return world;
}

function take(world: World, step: Step): void {
  switch (step.kind) {
    case 'work':
      work(world, step.pick, step.outcome);
      break;
    case 'node':
      changeNode(world, step.id, step.to);
      break;
    case 'deploy':
      world.deploy(named(step.spec, step.id));
      break;
    case 'remove':
      removeService(world, step.id);
      break;
    case 'control':
      world.control(step.id, step.action);
      break;
    case 'wait':
      world.now += step.ms;
  }
}

/** The first service depends on none. */
function named(spec: ServiceSpec, name: string): ServiceSpec {
  return { ...spec, name, dependsOn: name === 's1' ? [] : spec.dependsOn };
}

function removeService(world: World, name: string): void {
  const service = world.view.byName('services', name);
  if (service) world.write({ type: 'delete', kind: 'services', id: service.id });
}

function changeNode(world: World, id: string, to: Extract<Step, { kind: 'node' }>['to']): void {
  world.setNode(id, (node) => {
    if (to === 'down' || to === 'ready') node.status.state = to;
    else if (to === 'label') node.spec.labels = { disk: 'ssd' };
    else if (to === 'unlabel') node.spec.labels = {};
    else node.spec.availability = to;
  });
}

const nextStates: Partial<Record<Task['status']['state'], Task['status']['state']>> = {
  assigned: 'preparing',
  preparing: 'ready',
  ready: 'starting',
  starting: 'running',
};

/** One agent does one thing about one of its tasks. */
function work(world: World, pick: number, outcome: Extract<Step, { kind: 'work' }>['outcome']): void {
  const mine = [...world.view.all('tasks')]
    .filter((task) => isAssigned(task) && isLive(task) && world.view.get('nodes', task.nodeId!)?.status.state === 'ready')
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const task = mine[pick % Math.max(1, mine.length)];
  if (!task) return;
  if (isToldToGo(task)) world.report(task.id, 'shutdown');
  else if (outcome === 'reject' && task.status.state === 'preparing') world.report(task.id, 'rejected', { error: 'no such image' });
  else if (outcome === 'advance') {
    const next = nextStates[task.status.state];
    const mayGo =
      next && (task.desired === 'running' || task.desired === 'complete' || TASK_STATES.indexOf(next) <= TASK_STATES.indexOf('ready'));
    if (mayGo) world.report(task.id, next);
  } else if (task.status.state === 'running') {
    world.report(task.id, outcome === 'complete' ? 'complete' : 'failed', { error: 'exit 1' });
    const { condition, maxAttempts } = world.view.get('services', task.serviceId)?.spec.template.restart ?? {
      condition: 'none',
      maxAttempts: 0,
    };
    if (outcome === 'agent-restart' && task.desired === 'running' && condition !== 'none' && maxAttempts === 0) restartByAgent(world, task);
  }
}

/** The agent reports the successor together with the failure. */
function restartByAgent(world: World, task: Task): void {
  const successor: Task = {
    ...task,
    id: `${task.id}x`,
    createdAt: Math.max(world.now, task.createdAt + 1),
    status: { state: 'accepted', at: world.now, message: 'restarted' },
  };
  if (!world.view.get('tasks', successor.id)) world.write({ type: 'put', kind: 'tasks', object: successor });
}

function slotsOf(world: World, serviceId: string): Map<string, Task[]> {
  const slots = new Map<string, Task[]>();
  for (const task of world.tasks(serviceId).sort(byAge)) slots.set(slotKey(task), [...(slots.get(slotKey(task)) ?? []), task]);
  return slots;
}

/** Could have a running process: was let start, and has not ended. */
function mayHaveProcess(task: Task): boolean {
  return isLive(task) && isAssigned(task) && (task.desired === 'running' || ['starting', 'running'].includes(task.status.state));
}

function checkInvariants(world: World): void {
  for (const service of new Set([...world.view.all('tasks')].map((task) => task.serviceId))) {
    for (const [key, tasks] of slotsOf(world, service)) {
      const active = tasks.filter(mayHaveProcess);
      const spec = world.view.get('services', service)?.spec;
      const isMove = active.some((task) => world.view.get('nodes', task.nodeId!)?.spec.availability === 'drain');
      const paired =
        active.length === 2 && spec !== undefined && (spec.update.order === 'start-first' || (isMove && movesStartFirst(spec)));
      const leaving = active.filter((task) => isToldToGo(task)).length;
      assert.ok(
        active.length - leaving <= (paired ? 2 : 1),
        `slot ${key} of ${service} has ${active.map((task) => `${task.id} ${task.desired}/${task.status.state}`)}`,
      );
      assert.ok(tasks.filter((task) => !isLive(task)).length <= 6, `slot ${key} of ${service} keeps ${tasks.length} tasks`);
    }
  }
  for (const node of world.view.all('nodes')) {
    const placed = [...world.view.tasksOfNode(node.id)].filter((task) => isLive(task) && isAssigned(task));
    const specOf = (task: Task): ServiceSpec => world.view.get('revisions', `${task.serviceId}r${task.specRevision}`)!.spec;
    const memory = placed.reduce((sum, task) => sum + specOf(task).template.reservations.memoryBytes, 0);
    assert.ok(memory <= 8 * GIB, `node ${node.id} has ${memory} bytes reserved`);
    const gpus = placed.flatMap(({ resources = [] }) => resources.flatMap(({ ids }) => ids));
    assert.equal(new Set(gpus).size, gpus.length, `node ${node.id} has given a GPU twice: ${gpus}`);
    const wanted = placed.map((task) => specOf(task).template.reservations.generic[0]?.count ?? 0);
    assert.equal(
      gpus.length,
      wanted.reduce((sum, count) => sum + count, 0),
      'each task has as many as it reserves',
    );
    const bound = placed.filter((task) => specOf(task).ports.some((port) => port.mode === 'host'));
    assert.ok(bound.length <= 1, `node ${node.id} has port 8080 given to ${bound.map((task) => task.id)}`);
  }
}

/** Agents obey at once until everything rests: what the cluster comes to when accidents end. */
function converge(world: World): void {
  for (let round = 0; round < 400; round++) {
    const againInMs = world.settle();
    const before = world.view.revision;
    for (const task of [...world.view.all('tasks')]) {
      if (!isAssigned(task) || !isLive(task)) continue;
      if (isToldToGo(task)) world.report(task.id, 'shutdown');
      else if (task.desired === 'complete') world.report(task.id, 'complete');
      else if (task.desired === 'running') world.report(task.id, 'running');
      else if (task.status.state === 'assigned') world.report(task.id, 'ready');
    }
    if (world.view.revision !== before) continue;
    if (againInMs === undefined) return;
    world.now += againInMs;
  }
  throw new Error('the cluster does not converge');
}

describe('planners and scheduler together', function () {
  this.timeout(120_000);

  it('keep every invariant whatever users, agents and nodes do, and converge when that ends', () => {
    fc.assert(
      fc.property(specs, fc.array(steps, { minLength: 5, maxLength: 60 }), (first, actions) => {
        const world = newWorld();
        world.deploy(named(first, 's1'));
        world.settle();
        for (const step of actions) {
          take(world, step);
          world.settle();
          checkInvariants(world);
        }
        for (const id of NODES) changeNode(world, id, 'ready');
        for (const id of NODES) changeNode(world, id, 'active');
        converge(world);
        for (const service of world.view.all('services')) {
          const progress = serviceProgress(world.view, service, world.now);
          assert.ok(
            progress.converged ||
              progress.failed ||
              progress.verdict === 'canary' ||
              progress.waiting ||
              service.spec.template.restart.condition !== 'any' ||
              service.spec.template.restart.maxAttempts > 0,
            `${service.id}: ${JSON.stringify(progress)}`,
          );
          if (!progress.waiting && !progress.failed && progress.converged)
            assert.equal(world.tasks(service.id).filter((task) => isWanted(task) && isRunning(task)).length <= progress.desired, true);
        }
      }),
      { numRuns: 300 },
    );
  });
});
