import assert from 'node:assert/strict';
import type { Network, Node, Service, Task } from '@tessera/api';
import fc from 'fast-check';
import { deployed, readyNode, serviceSpec } from '../model/testing/builders.js';
import { IndexedView } from '../model/view.js';
import { NodeTable } from './node-table.js';
import { schedule } from './schedule.js';
import { Scheduler } from './scheduler.js';

interface Wish {
  replicas: number;
  memory: number;
  cpus: number;
  ssd: boolean;
  most: number;
  zones: boolean;
  /** It has addresses on a network that serves two nodes, with five addresses each. */
  limited: boolean;
  binpack: boolean;
  /** At most one task of the service in a zone. */
  apart: boolean;
}

const LIMITED_NODES = 2;
const LIMITED_ADDRESSES = 5;
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

const nodes = fc.array(
  fc.record({
    memory: fc.integer({ min: 1, max: 6 }),
    cpus: fc.integer({ min: 1, max: 6 }),
    ssd: fc.boolean(),
    zone: fc.constantFrom('x', 'y', 'z'),
  }),
  { minLength: 0, maxLength: 6 },
);
const wishes: fc.Arbitrary<Wish[]> = fc.array(
  fc.record({
    replicas: fc.integer({ min: 1, max: 6 }),
    memory: fc.integer({ min: 0, max: 3 }),
    cpus: fc.integer({ min: 0, max: 3 }),
    ssd: fc.boolean(),
    most: fc.integer({ min: 0, max: 2 }),
    zones: fc.boolean(),
    limited: fc.boolean(),
    binpack: fc.boolean(),
    apart: fc.boolean(),
  }),
  { minLength: 1, maxLength: 4 },
);

function buildView(specs: readonly { memory: number; cpus: number; ssd: boolean; zone: string }[], wanted: readonly Wish[]): IndexedView {
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
  specs.forEach(({ memory, cpus, ssd, zone }, index) => {
    put({
      kind: 'nodes',
      object: readyNode(`n${index}`, { labels: { zone, ...(ssd && { disk: 'ssd' }) }, resources: { memoryBytes: memory, nanoCpus: cpus } }),
    });
  });
  wanted.forEach((wish, index) => {
    const spec = serviceSpec(`s${index}`, wish.replicas, (draft) => {
      if (wish.limited) draft.template.networks = [{ network: 'limited', aliases: [] }];
      draft.template.reservations = { memoryBytes: wish.memory, nanoCpus: wish.cpus, generic: [] };
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

/** The rules once more, with nothing clever: every task looks at every node and counts everything anew. */
function bruteForce(view: IndexedView, wanted: readonly Wish[]): Map<string, string> {
  const places = new Map<string, string>();
  const all = [...view.all('nodes')];
  const on = (node: Node): string[] => [...places].filter(([, id]) => id === node.id).map(([task]) => task);
  const wishOf = (task: string): Wish => wanted[Number(task.slice(1, task.indexOf('t')))]!;
  const free = (node: Node, what: 'memory' | 'cpus'): number =>
    (what === 'memory' ? node.description!.resources.memoryBytes : node.description!.resources.nanoCpus) -
    on(node).reduce((sum, task) => sum + wishOf(task)[what], 0);
  const addresses = (node: Node): number => on(node).filter((task) => wishOf(task).limited).length;
  const hasAddress = (node: Node): boolean =>
    addresses(node) > 0 ? addresses(node) < LIMITED_ADDRESSES : all.filter((other) => addresses(other) > 0).length < LIMITED_NODES;
  wanted.forEach((wish, index) => {
    const mine = (node: Node): number => on(node).filter((task) => task.startsWith(`s${index}t`)).length;
    const inZone = (zone: string): number =>
      all.filter((node) => node.spec.labels.zone === zone).reduce((sum, node) => sum + mine(node), 0);
    const share = (node: Node): number =>
      free(node, 'cpus') / node.description!.resources.nanoCpus + free(node, 'memory') / node.description!.resources.memoryBytes;
    for (let slot = 1; slot <= wish.replicas; slot++) {
      const fitting = all.filter(
        (node) =>
          free(node, 'memory') >= wish.memory &&
          free(node, 'cpus') >= wish.cpus &&
          (!wish.ssd || node.spec.labels.disk === 'ssd') &&
          (wish.most === 0 || mine(node) < wish.most) &&
          (!wish.limited || hasAddress(node)) &&
          (!wish.apart || inZone(node.spec.labels.zone!) === 0),
      );
      const zone = (node: Node): string => node.spec.labels.zone!;
      fitting.sort(
        (a, b) =>
          (wish.zones ? inZone(zone(a)) - inZone(zone(b)) || zone(a).localeCompare(zone(b)) : 0) ||
          (wish.binpack
            ? share(a) - share(b) || on(b).length - on(a).length
            : mine(a) - mine(b) || on(a).length - on(b).length || share(b) - share(a)) ||
          a.id.localeCompare(b.id),
      );
      if (fitting[0]) places.set(`s${index}t${slot}`, fitting[0].id);
    }
  });
  return places;
}

describe('the scheduler beside brute force', () => {
  it('decides as the plain rules do on every small cluster', () => {
    fc.assert(
      fc.property(nodes, wishes, (specs, wanted) => {
        const view = buildView(specs, wanted);
        const decisions = schedule(view, NodeTable.of(view), 1);
        const places = new Map(decisions.filter(({ after }) => after.nodeId).map(({ after }) => [after.id, after.nodeId!]));
        assert.deepEqual([...places].sort(), [...bruteForce(view, wanted)].sort());
      }),
      { numRuns: 500 },
    );
  });

  it('decides the same when it may decide on few tasks at a time', () => {
    fc.assert(
      fc.property(nodes, wishes, fc.integer({ min: 1, max: 4 }), (specs, wanted, most) => {
        const view = buildView(specs, wanted);
        const scheduler = Scheduler.of(view);
        const places = new Map<string, string>();
        for (;;) {
          const { decisions } = scheduler.pass(1, most);
          const placed = decisions.filter(({ after }) => after.nodeId);
          for (const { after } of placed) places.set(after.id, after.nodeId!);
          if (placed.length === 0) break;
        }
        assert.deepEqual([...places].sort(), [...bruteForce(view, wanted)].sort());
      }),
      { numRuns: 200 },
    );
  });
});
