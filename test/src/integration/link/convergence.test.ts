import assert from 'node:assert/strict';
import type { Service } from '@tessera/api';
import fc from 'fast-check';
import { LinkWorld } from './link-world.js';
import {
  sampleBlock,
  sampleContent,
  sampleDescription,
  sampleNetwork,
  sampleRevision,
  sampleService,
  sampleSpec,
  sampleStatus,
  sampleTask,
} from './sample.js';

const NODES = ['n1', 'n2', 'n3'] as const;
const NETWORKS = ['neta', 'netb'] as const;
const SERVICES = ['web', 'db'] as const;
const FILES = ['cfg', 'key'] as const;
const STATES = ['assigned', 'preparing', 'running', 'failed', 'shutdown', 'complete', 'orphaned'] as const;
const DESIRED = ['ready', 'running', 'shutdown'] as const;

type Operation =
  | { type: 'service'; service: string; revision: number; networks: string[]; configs: string[]; secrets: string[]; ports: boolean }
  | { type: 'remove-service'; service: string }
  | {
      type: 'task';
      task: number;
      service: string;
      node: string;
      state: (typeof STATES)[number];
      desired: (typeof DESIRED)[number];
      healthy: boolean;
    }
  | { type: 'remove-task'; task: number }
  | { type: 'network'; network: string; internal: boolean }
  | { type: 'remove-network'; network: string }
  | { type: 'block'; network: string; node: string; remove: boolean }
  | { type: 'file'; file: string }
  | { type: 'remove-file'; file: string }
  | { type: 'address'; node: string; last: number }
  | { type: 'cut'; node: string }
  | { type: 'restart-manager' }
  | { type: 'wait'; ms: number };

const one = <T>(values: readonly T[]) => fc.constantFrom(...values);
const some = (values: readonly string[]) => fc.subarray([...values]);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('service' as const),
      service: one(SERVICES),
      revision: fc.integer({ min: 1, max: 2 }),
      networks: some(NETWORKS),
      configs: some(['cfg']),
      secrets: some(['key']),
      ports: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('remove-service' as const), service: one(SERVICES) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('task' as const),
      task: fc.integer({ min: 0, max: 7 }),
      service: one(SERVICES),
      node: one(NODES),
      state: one(STATES),
      desired: one(DESIRED),
      healthy: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('remove-task' as const), task: fc.integer({ min: 0, max: 7 }) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('network' as const), network: one(NETWORKS), internal: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('remove-network' as const), network: one(NETWORKS) }) },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('block' as const), network: one(NETWORKS), node: one(NODES), remove: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('file' as const), file: one(FILES) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('remove-file' as const), file: one(FILES) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('address' as const), node: one(NODES), last: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('cut' as const), node: one(NODES) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('restart-manager' as const) }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 40 }) }) },
);

describe('the set of an agent', () => {
  it('is the projection of the view, after any changes of the view and any cuts', async () => {
    await fc.assert(fc.asyncProperty(fc.array(operation, { minLength: 4, maxLength: 40, size: 'max' }), converges), { numRuns: 200 });
  });
});

async function converges(operations: Operation[]): Promise<void> {
  const world = await LinkWorld.make(7);
  try {
    for (const node of NODES) await world.synced(await world.join(node));
    for (const step of busyCluster()) await carryOut(world, step);
    await world.clock.advance(100);
    for (const step of operations) await carryOut(world, step);
    await world.clock.advance(15_000);
    for (const agent of world.agents.values()) {
      assert.equal(agent.session.state.name, 'open');
      assert.deepEqual(agent.core.sorted(), world.expected(agent.nodeId), `set of ${agent.nodeId}`);
    }
  } finally {
    await world.close();
  }
}

/** A cluster in which everything depends on something, so that few changes are without consequence. */
function busyCluster(): Operation[] {
  const files: Operation[] = FILES.map((file) => ({ type: 'file', file }));
  const networks: Operation[] = NETWORKS.map((network) => ({ type: 'network', network, internal: false }));
  const blocks: Operation[] = NETWORKS.flatMap((network) =>
    NODES.map((node) => ({ type: 'block' as const, network, node, remove: false })),
  );
  const services: Operation[] = SERVICES.map((service) => ({
    type: 'service',
    service,
    revision: 1,
    networks: [...NETWORKS],
    configs: ['cfg'],
    secrets: ['key'],
    ports: true,
  }));
  const tasks: Operation[] = [0, 1, 2].map((task) => ({
    type: 'task',
    task,
    service: SERVICES[task % 2] ?? 'web',
    node: NODES[task] ?? 'n1',
    state: 'running',
    desired: 'running',
    healthy: true,
  }));
  return [...files, ...networks, ...blocks, ...services, ...tasks];
}

function kindOf(file: string): 'configs' | 'secrets' {
  return file === 'key' ? 'secrets' : 'configs';
}

async function carryOut(world: LinkWorld, step: Operation): Promise<void> {
  switch (step.type) {
    case 'service':
      return putService(world, step);
    case 'task':
      return putTask(world, step);
    case 'network':
      return world.put('networks', sampleNetwork(step.network, NETWORKS.indexOf(step.network as 'neta') + 1, step.internal));
    case 'block':
      if (step.remove) return world.remove('blocks', sampleBlock(step.network, step.node, '').id);
      return world.put(
        'blocks',
        sampleBlock(
          step.network,
          step.node,
          `10.100.${NETWORKS.indexOf(step.network as 'neta') + 1}.${NODES.indexOf(step.node as 'n1') * 64}/26`,
        ),
      );
    case 'file':
      // The same each time: what has another content has another hash.
      return world.put('contents', sampleContent(kindOf(step.file), step.file, 'some'));
    case 'remove-file':
      return world.remove('contents', sampleContent(kindOf(step.file), step.file, '').id);
    case 'remove-service':
      return world.remove('services', step.service);
    case 'remove-task':
      return world.remove('tasks', `t${step.task}`);
    case 'remove-network':
      return world.remove('networks', step.network);
    case 'address':
      return world.put('nodes', { ...world.node(step.node)!, description: sampleDescription(`198.51.100.${step.last}`) });
    case 'cut':
      return world.agents.get(step.node)?.pairs.at(-1)?.cut();
    case 'restart-manager':
      return world.restartManager();
    case 'wait':
      return world.clock.advance(step.ms);
  }
}

async function putService(world: LinkWorld, step: Extract<Operation, { type: 'service' }>): Promise<void> {
  const spec = sampleSpec(step.service, step.networks, { configs: step.configs, secrets: step.secrets });
  if (step.service === 'db') spec.template.container.healthcheck = { test: ['CMD', 'true'] };
  if (step.ports) spec.ports = [{ protocol: 'tcp', target: 80, published: 8080, mode: 'ingress' }];
  await world.put('services', sampleService(step.service, spec, step.revision));
  await world.put('revisions', sampleRevision(step.service, spec, step.revision));
}

/** Task k is in slot 1 + k % 3 of whatever service it first came with. */
async function putTask(world: LinkWorld, step: Extract<Operation, { type: 'task' }>): Promise<void> {
  const present = world.task(`t${step.task}`);
  const service = world.store.view.get('services', present?.serviceId ?? step.service) as Service | undefined;
  if (!service) return;
  const addresses = Object.fromEntries(NETWORKS.map((network, index) => [network, `10.100.${index + 1}.${10 + step.task}`]));
  const status = sampleStatus(step.state, { addresses, ...(step.healthy && { health: 'healthy' }) });
  const more = { slot: 1 + (step.task % 3), createdAt: step.task + 1, desired: step.desired, status };
  await world.put('tasks', present ? { ...present, desired: step.desired, status } : sampleTask(`t${step.task}`, service, step.node, more));
}
