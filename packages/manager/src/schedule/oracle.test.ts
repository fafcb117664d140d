import assert from 'node:assert/strict';
import type { Network, Node, Service, Task } from '@tessera/api';
import fc from 'fast-check';
import { deployed, readyNode, serviceSpec } from '../model/testing/builders.js';
import { IndexedView } from '../model/view.js';
import type { Decision } from './decision.js';
import { NodeTable } from './node-table.js';
import { schedule } from './schedule.js';
import { Scheduler } from './scheduler.js';
import { BruteForce, type Wish } from './testing/brute-force.js';

const LIMITED: Network = {
  id: 'limited',
  revision: 0,
  createdAt: 0,
  updatedAt: 0,
  spec: {
    name: 'limited',
    labels: {},
    driver: 'overlay',
    driverOptions: {},
    internal: false,
    attachable: false,
    ipv6: false,
    subnet: '10.9.0.0/28',
  },
};

interface Host {
  memory: number;
  cpus: number;
  ssd: boolean;
  zone: string;
  gpus: number;
  volumes: string[];
  /** What the agent keeps, and what is said of the node instead. */
  kept: { memory: number; cpus: number };
  said: { memory: number | undefined; cpus: number | undefined };
}

const number = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });
const hosts: fc.Arbitrary<Host[]> = fc.array(
  fc.record({
    memory: number(1, 6),
    cpus: number(1, 6),
    ssd: fc.boolean(),
    zone: fc.constantFrom('x', 'y', 'z'),
    gpus: number(0, 3),
    volumes: fc.subarray(['data', 'data-1', 'data-2']),
    kept: fc.record({ memory: fc.constantFrom(0, 0, 1, 7), cpus: fc.constantFrom(0, 0, 1) }),
    said: fc.record({ memory: fc.constantFrom(undefined, undefined, 0, 2), cpus: fc.constantFrom(undefined, undefined, 1) }),
  }),
  { minLength: 0, maxLength: 6 },
);
const wishes: fc.Arbitrary<Wish[]> = fc.array(
  fc.record({
    replicas: number(1, 6),
    memory: number(0, 3),
    cpus: number(0, 3),
    gpus: fc.constantFrom(0, 0, 0, 1, 2),
    ssd: fc.boolean(),
    most: number(0, 2),
    zones: fc.boolean(),
    limited: fc.boolean(),
    binpack: fc.boolean(),
    apart: fc.boolean(),
    data: fc.constantFrom('none', 'none', 'none', 'shared', 'slot'),
  }),
  { minLength: 1, maxLength: 4 },
);

function toNode({ memory, cpus, ssd, zone, gpus, volumes, kept, said }: Host, index: number): Node {
  const ids = ['g1', 'g2', 'g3'].slice(0, gpus);
  const node = readyNode(`n${index}`, {
    labels: { zone, ...(ssd && { disk: 'ssd' }) },
    resources: {
      memoryBytes: memory,
      nanoCpus: cpus,
      generic: gpus === 0 ? [] : [{ kind: 'gpu', count: gpus, ids }],
      reserved: { memoryBytes: kept.memory, nanoCpus: kept.cpus },
    },
  });
  node.description!.volumes = volumes;
  node.spec.reserved = {
    ...(said.memory !== undefined && { memoryBytes: said.memory }),
    ...(said.cpus !== undefined && { nanoCpus: said.cpus }),
  };
  return node;
}

function buildView(nodes: readonly Node[], wanted: readonly Wish[]): IndexedView {
  const view = new IndexedView();
  let revision = 0;
  const put = (
    change:
      | { kind: 'networks'; object: Network }
      | { kind: 'nodes'; object: Node }
      | { kind: 'services'; object: Service }
      | { kind: 'tasks'; object: Task },
  ): void => {
    revision++;
    view.apply({ ...change, id: change.object.id, object: { ...change.object, revision }, revision } as Parameters<
      IndexedView['apply']
    >[0]);
  };
  put({ kind: 'networks', object: LIMITED });
  for (const object of nodes) put({ kind: 'nodes', object });
  wanted.forEach((wish, index) => {
    const spec = serviceSpec(`s${index}`, wish.replicas, (draft) => {
      if (wish.limited) draft.template.networks = [{ network: 'limited', aliases: [] }];
      const generic = wish.gpus === 0 ? [] : [{ kind: 'gpu', count: wish.gpus }];
      draft.template.reservations = { memoryBytes: wish.memory, nanoCpus: wish.cpus, generic };
      if (wish.data !== 'none')
        draft.template.container.mounts = [
          { type: 'volume', source: wish.data === 'shared' ? 'data' : 'data-{{.Task.Slot}}', target: '/data' },
        ];
      draft.placement = {
        constraints: wish.ssd ? ['node.labels.disk==ssd'] : [],
        preferences: wish.zones ? [{ spread: 'node.labels.zone' }] : [],
        maxReplicasPerNode: wish.most,
        platforms: [],
        ...(wish.binpack && { strategy: 'binpack' }),
        ...(wish.apart && { affinity: { near: [], apart: [{ service: `s${index}`, topology: 'node.labels.zone' }], nodes: [] } }),
      };
    });
    const { service } = deployed(spec, `s${index}`);
    put({ kind: 'services', object: service });
    for (let slot = 1; slot <= wish.replicas; slot++) {
      put({
        kind: 'tasks',
        object: {
          id: `s${index}t${slot}`,
          revision: 0,
          createdAt: index,
          updatedAt: 0,
          serviceId: service.id,
          serviceName: service.spec.name,
          specRevision: 1,
          templateHash: service.templateHash,
          slot,
          desired: 'running',
          status: { state: 'pending', at: 0, message: '' },
        },
      });
    }
  });
  return view;
}

type Placement = [task: string, node: string, gpus: string];

function told(decisions: readonly Decision[]): Placement[] {
  return decisions
    .filter(({ after }) => after.nodeId)
    .map(({ after }) => [after.id, after.nodeId!, (after.resources ?? []).flatMap(({ ids }) => ids).join()]);
}

function bruteForce(nodes: readonly Node[], wanted: readonly Wish[]): Placement[] {
  return [...new BruteForce(nodes, wanted).places].map(([task, { node, gpus }]): Placement => [task, node.id, gpus.join()]).sort();
}

describe('the scheduler beside brute force', () => {
  it('decides as the plain rules do on every small cluster', () => {
    fc.assert(
      fc.property(hosts, wishes, (specs, wanted) => {
        const nodes = specs.map(toNode);
        const view = buildView(nodes, wanted);
        assert.deepEqual(told(schedule(view, NodeTable.of(view), 1)).sort(), bruteForce(nodes, wanted));
      }),
      { numRuns: 500 },
    );
  });

  it('decides the same when it may decide on few tasks at a time, but for what is packed together', () => {
    fc.assert(
      fc.property(hosts, wishes, number(1, 4), (specs, asked, most) => {
        const nodes = specs.map(toNode);
        const wanted = asked.map((wish) => ({ ...wish, binpack: false }));
        const view = buildView(nodes, wanted);
        const scheduler = Scheduler.of(view);
        const places: Placement[] = [];
        for (;;) {
          const placed = told(scheduler.pass(1, most).decisions);
          places.push(...placed);
          if (placed.length === 0) break;
        }
        assert.deepEqual(places.sort(), bruteForce(nodes, wanted));
      }),
      { numRuns: 200 },
    );
  });
});
