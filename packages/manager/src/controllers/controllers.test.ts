import assert from 'node:assert/strict';
import type { Service, ServiceSpec, Task } from '@tessera/api';
import { SeededRandom, silentLog, VirtualClock } from '@tessera/kit';
import { MemoryStore } from '../adapters/kv/memory/memory-store.js';
import { isRunning, isWanted } from '../model/task.js';
import { clusterObject, deployed, readyNode, serviceSpec } from '../model/testing/builders.js';
import { KvClusterStore } from '../state/cluster-store.js';
import { frozenKv } from '../state/testing/frozen-kv.js';
import { type Controllers, startControllers } from './index.js';

describe('controllers', () => {
  let clock: VirtualClock;
  let store: KvClusterStore;
  let controllers: Controllers;

  beforeEach(async () => {
    clock = new VirtualClock();
    const sealer = { seal: (text: string) => text, unseal: (text: string) => text, fingerprint: String };
    const common = { clock, random: new SeededRandom(1), log: silentLog };
    store = await KvClusterStore.open({ ...common, kv: frozenKv(new MemoryStore({ clock, keepsObjects: true }).connect()), sealer });
    const acme = { issue: () => Promise.reject(new Error('there is no authority')) };
    controllers = startControllers({ ...common, acme, store });
    for (const id of ['n1', 'n2', 'n3']) await store.commit([{ type: 'put', kind: 'nodes', object: readyNode(id), expect: 'absent' }]);
  });

  afterEach(() => controllers.stop());

  async function deploy(spec: ServiceSpec, id: string): Promise<Service> {
    const before = store.view.get('services', id);
    const { service, revision } = deployed(spec, id, before);
    const result = await store.commit([
      { type: 'put', kind: 'services', object: service, expect: before ? { revision: before.revision } : 'absent' },
      { type: 'put', kind: 'revisions', object: revision, expect: 'absent' },
    ]);
    assert.equal(result.outcome, 'committed');
    return store.view.get('services', id)!;
  }

  async function report(task: Task, state: Task['status']['state']): Promise<void> {
    const startedAt = state === 'running' ? clock.now() : task.status.startedAt;
    const object: Task = { ...task, status: { state, at: clock.now(), message: state, ...(startedAt !== undefined && { startedAt }) } };
    await store.commit([{ type: 'put', kind: 'tasks', object, expect: 'any' }]);
  }

  /** Agents that do at once what they are told, as long as their node is up. */
  async function obey(): Promise<void> {
    for (const task of [...store.view.all('tasks')]) {
      if (!task.nodeId || store.view.get('nodes', task.nodeId)?.status.state !== 'ready') continue;
      if (['running', 'complete'].includes(task.desired) && task.status.state === 'assigned') await report(task, 'running');
      if (['shutdown', 'remove'].includes(task.desired) && ['assigned', 'running'].includes(task.status.state))
        await report(task, 'shutdown');
    }
    await clock.advance(100);
  }

  const running = (serviceId: string): Task[] =>
    [...store.view.tasksOfService(serviceId)].filter((task) => isWanted(task) && isRunning(task));

  async function until(condition: () => boolean, what: string): Promise<void> {
    for (let step = 0; step < 300 && !condition(); step++) await obey();
    assert.ok(condition(), what);
  }

  it('bring a replicated and a global service up and spread them', async () => {
    await deploy(serviceSpec('web', 6), 's1');
    await deploy(
      serviceSpec('agent', 0, (spec) => {
        spec.mode = { kind: 'global' };
      }),
      's2',
    );
    await until(() => running('s1').length === 6 && running('s2').length === 3, 'both services run');
    for (const node of ['n1', 'n2', 'n3']) {
      assert.equal(running('s1').filter((task) => task.nodeId === node).length, 2);
      assert.equal(running('s2').filter((task) => task.nodeId === node).length, 1);
    }
  });

  it('replace all tasks when the template changes, and say so', async () => {
    await deploy(serviceSpec('web', 3), 's1');
    await until(() => running('s1').length === 3, 'first revision runs');
    const second = await deploy(
      serviceSpec('web', 3, (spec) => {
        spec.template.container.image = 'app:2';
      }),
      's1',
    );
    const hash = second.templateHash;
    await until(() => store.view.get('services', 's1')?.update?.state === 'completed', 'the update completes');
    assert.deepEqual(
      running('s1').map((task) => task.templateHash),
      [hash, hash, hash],
    );
  });

  it('fill the slots of a node that goes down on the others', async () => {
    await deploy(serviceSpec('web', 3), 's1');
    await until(() => running('s1').length === 3, 'runs');
    const node = store.view.get('nodes', 'n2')!;
    await store.commit([
      { type: 'put', kind: 'nodes', object: { ...node, status: { state: 'down', message: 'silent', at: clock.now() } }, expect: 'any' },
    ]);
    await until(() => running('s1').length === 3 && running('s1').every((task) => task.nodeId !== 'n2'), 'runs elsewhere');
    const lost = [...store.view.tasksOfNode('n2')];
    assert.deepEqual(
      lost.map((task) => [task.status.state, task.desired]),
      [['orphaned', 'shutdown']],
    );
  });

  it('let a node take part in a network when its agent says that it can carry it', async () => {
    const spec = { name: 'six', labels: {}, driver: 'overlay' as const, driverOptions: {}, internal: false, attachable: false, ipv6: true };
    const meta = { revision: 0, createdAt: 0, updatedAt: 0 };
    await store.commit([
      { type: 'put', kind: 'clusters', object: clusterObject(), expect: 'absent' },
      { type: 'put', kind: 'networks', object: { id: 'net', ...meta, spec }, expect: 'absent' },
    ]);
    const published = serviceSpec('web', 0, ({ template, ports }) => {
      template.networks = [{ network: 'six', aliases: [] }];
      ports.push({ protocol: 'tcp', target: 80, published: 80, mode: 'ingress' });
    });
    await deploy(published, 's1');
    await until(() => store.view.get('networks', 'net')?.allocation !== undefined, 'the network has its subnets');
    assert.deepEqual([...store.view.blocksOfNetwork('net')], []);
    const node = store.view.get('nodes', 'n2')!;
    const description = { ...node.description!, ipv6: { addresses: [] } };
    await store.commit([{ type: 'put', kind: 'nodes', object: { ...node, description }, expect: 'any' }]);
    await until(() => [...store.view.blocksOfNetwork('net')].length > 0, 'the node has a block');
    assert.deepEqual(
      [...store.view.blocksOfNetwork('net')].map(({ nodeId }) => nodeId),
      ['n2'],
    );
  });

  it('remove everything of a service that was deleted', async () => {
    const service = await deploy(serviceSpec('web', 4), 's1');
    await until(() => running('s1').length === 4, 'runs');
    await store.commit([{ type: 'delete', kind: 'services', id: service.id, expect: 'any' }]);
    await until(() => store.view.count('tasks') === 0 && store.view.count('revisions') === 0, 'nothing is left');
  });

  it('give the room of tasks away that were deleted as they ran', async () => {
    const large = (spec: ServiceSpec): void => void (spec.template.reservations.memoryBytes = 8 * 1024 ** 3);
    const { id } = await deploy(serviceSpec('full', 3, large), 's1');
    await until(() => running(id).length === 3, 'every node is full');
    await deploy(serviceSpec('next', 3, large), 's2');
    await obey();
    assert.equal(running('s2').length, 0);
    const tasks = [...store.view.tasksOfService(id)].map((task) => ({ kind: 'tasks', id: task.id }) as const);
    await store.commit([{ kind: 'services', id } as const, ...tasks].map((one) => ({ type: 'delete', ...one, expect: 'any' })));
    await until(() => running('s2').length === 3, 'the others have the room');
  });
});
