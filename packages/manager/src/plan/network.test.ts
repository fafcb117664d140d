import assert from 'node:assert/strict';
import {
  defaultService,
  type Network,
  type NetworkBlock,
  type Node,
  parseRange,
  rangesOverlap,
  type Service,
  type Task,
  type TaskState,
} from '@tessera/api';
import fc from 'fast-check';
import { divisionOf } from '../model/subnet.js';
import { readyNode } from '../model/testing/builders.js';
import { IndexedView } from '../model/view.js';
import { planNetwork } from './network.js';

const CLUSTER = { clusterId: 'c1', addressPool: '10.128.0.0/9' };
const meta = { revision: 1, createdAt: 0, updatedAt: 0 };

function network(id: string, subnet?: string): Network {
  const spec = {
    name: `shop_${id}`,
    labels: {},
    driver: 'overlay' as const,
    driverOptions: {},
    internal: false,
    attachable: false,
    ipv6: false,
  };
  return { id, ...meta, spec: { ...spec, ...(subnet !== undefined && { subnet }) } };
}

function node(id: string): Node {
  return {
    id,
    ...meta,
    name: id,
    spec: { availability: 'active', labels: {}, role: 'worker' },
    status: { state: 'ready', message: '', at: 0 },
  };
}

function service(id: string, networks: string[], published = false): Service {
  const spec = defaultService(id, 'app:1');
  spec.template.networks = networks.map((name) => ({ network: `shop_${name}`, aliases: [] }));
  return {
    id,
    ...meta,
    spec,
    specRevision: 1,
    templateHash: 'h',
    ports: published ? [{ protocol: 'tcp', target: 80, published: 8080, mode: 'ingress' }] : [],
  };
}

function task(id: string, serviceId: string, nodeId: string, state: TaskState = 'running'): Task {
  return {
    id,
    ...meta,
    serviceId,
    serviceName: serviceId,
    specRevision: 1,
    templateHash: 'h',
    slot: 1,
    nodeId,
    desired: 'running',
    status: { state, at: 0, message: '' },
  };
}

interface World {
  networks?: Network[];
  nodes?: Node[];
  services?: Service[];
  tasks?: Task[];
  blocks?: NetworkBlock[];
}

function viewOf(world: World): IndexedView {
  const view = new IndexedView();
  for (const kind of ['networks', 'nodes', 'services', 'tasks', 'blocks'] as const) {
    for (const object of world[kind] ?? [])
      view.apply({ kind, id: object.id, object, revision: object.revision } as Parameters<IndexedView['apply']>[0]);
  }
  return view;
}

/** Later than all that is written by hand here. */
let latest = 1_000;

/** Subnets by node after carrying out the plan; plans again and expects nothing more to do. */
function settle(view: IndexedView, networkId: string): { blocks: Record<string, string>; problems: string[] } {
  const plan = planNetwork(view, networkId, CLUSTER, 7);
  for (const change of plan.changes) {
    const revision = ++latest;
    if (change.type === 'put')
      view.apply({ kind: change.kind, id: change.object.id, object: { ...change.object, revision }, revision } as Parameters<
        IndexedView['apply']
      >[0]);
    else view.apply({ kind: change.kind, id: change.id, object: undefined, revision } as Parameters<IndexedView['apply']>[0]);
  }
  assert.deepEqual(planNetwork(view, networkId, CLUSTER, 8).changes, []);
  return {
    blocks: Object.fromEntries([...view.blocksOfNetwork(networkId)].map((block) => [block.nodeId, block.subnet])),
    problems: plan.problems,
  };
}

describe('planning a network', () => {
  it('gives it an id of its own on the wire', () => {
    const view = viewOf({ networks: [network('a'), network('b')] });
    settle(view, 'a');
    settle(view, 'b');
    assert.deepEqual([view.get('networks', 'a')?.allocation?.vni, view.get('networks', 'b')?.allocation?.vni], [0x540000, 0x540001]);
  });

  it('gives it a subnet that no other network has, with room for 64 nodes at least', () => {
    const view = viewOf({ networks: [network('a'), network('b', '10.128.64.0/24'), network('c')] });
    for (const id of ['a', 'b', 'c']) settle(view, id);
    const subnets = ['a', 'b', 'c'].map((id) => view.get('networks', id)?.allocation?.subnet);
    assert.deepEqual(subnets, ['10.128.0.0/18', '10.128.64.0/24', '10.128.128.0/18']);
  });

  it('gives larger subnets in larger clusters', () => {
    const view = viewOf({ networks: [network('a')], nodes: Array.from({ length: 500 }, (_, index) => node(`n${index}`)) });
    settle(view, 'a');
    assert.equal(view.get('networks', 'a')?.allocation?.subnet, '10.128.0.0/14');
  });

  it('says when the pool is used up', () => {
    const view = viewOf({ networks: [network('own', '10.128.0.0/9'), network('a')] });
    settle(view, 'own');
    assert.deepEqual(planNetwork(view, 'a', CLUSTER, 7).problems, ['network shop_a has no subnet: the pool 10.128.0.0/9 is used up']);
  });

  it('gives a block to each node that runs one of its tasks and to no other', () => {
    const view = viewOf({
      networks: [network('a')],
      nodes: ['n1', 'n2', 'n3'].map(node),
      services: [service('web', ['a'])],
      tasks: [task('t1', 'web', 'n1'), task('t2', 'web', 'n3', 'assigned'), task('t3', 'web', 'n2', 'failed')],
    });
    assert.deepEqual(settle(view, 'a').blocks, { n1: '10.128.0.0/24', n3: '10.128.1.0/24' });
  });

  it('gives every node a block when a service publishes a port on it', () => {
    const view = viewOf({ networks: [network('a')], nodes: ['n1', 'n2'].map(node), services: [service('web', ['a'], true)] });
    assert.deepEqual(Object.keys(settle(view, 'a').blocks), ['n1', 'n2']);
  });

  it('gives no block twice, whatever network it is for', () => {
    const services = [service('web', ['a', 'b'], true)];
    const view = viewOf({ networks: [network('a'), network('b')], nodes: ['n1', 'n2'].map(node), services });
    const subnets = [...Object.values(settle(view, 'a').blocks), ...Object.values(settle(view, 'b').blocks)];
    assert.equal(new Set(subnets).size, 4);
  });

  it("cuts a user's own subnet so that it serves several nodes, and keeps others out of it", () => {
    const services = [service('web', ['own', 'a'], true)];
    const view = viewOf({ networks: [network('own', '10.128.0.0/24'), network('a')], nodes: ['n1', 'n2'].map(node), services });
    assert.deepEqual(settle(view, 'own').blocks, { n1: '10.128.0.0/28', n2: '10.128.0.16/28' });
    assert.deepEqual(settle(view, 'a').blocks, { n1: '10.128.64.0/24', n2: '10.128.65.0/24' });
  });

  it('says in words which node got no addresses when the subnet is used up', () => {
    const view = viewOf({
      networks: [network('own', '10.9.0.0/29')],
      nodes: ['n1', 'n2'].map(node),
      services: [service('web', ['own'], true)],
    });
    const { blocks, problems } = settle(view, 'own');
    assert.deepEqual(blocks, { n1: '10.9.0.0/29' });
    assert.deepEqual(problems, ['network shop_own has no addresses left in 10.9.0.0/29 for node n2: it serves 1 node']);
  });

  describe('with IPv6', () => {
    const with6 = (id: string, more: Partial<Network['spec']> = {}): Network => {
      const plain = network(id);
      return { ...plain, spec: { ...plain.spec, ipv6: true, ...more } };
    };
    const able = (id: string): Node => ({ ...node(id), description: { ...readyNode(id).description!, ipv6: { addresses: [] } } });

    it('gives it an IPv6 subnet by its id on the wire, and none to others', () => {
      const view = viewOf({ networks: [with6('a'), network('b'), with6('c')] });
      for (const id of ['a', 'b', 'c']) settle(view, id);
      const subnets = ['a', 'b', 'c'].map((id) => view.get('networks', id)?.allocation?.subnet6);
      assert.match(String(subnets[0]), /^fd[0-9a-f:]+::\/64$/);
      assert.deepEqual(subnets.slice(1), [undefined, String(subnets[0]).replace('::/64', ':2::/64')]);
    });

    it('takes the one that it asks for, in its short form', () => {
      const view = viewOf({ networks: [with6('a', { subnet6: 'FD00:0:0:20::1/64' })] });
      settle(view, 'a');
      assert.equal(view.get('networks', 'a')?.allocation?.subnet6, 'fd00:0:0:20::/64');
    });

    it('keeps others out of a subnet that somebody asks for', () => {
      const view = viewOf({ networks: [with6('a')] });
      settle(view, 'a');
      const taken = view.get('networks', 'a')?.allocation?.subnet6 as string;
      const again = viewOf({ networks: [with6('own', { subnet: '10.9.0.0/16', subnet6: taken }), with6('b')] });
      settle(again, 'b');
      assert.equal(again.get('networks', 'b')?.allocation?.subnet6, taken.replace('::/64', ':1::/64'));
    });

    it('gives it no subnet at all when its IPv6 subnet has turned out too small, and says so', () => {
      const view = viewOf({ networks: [with6('a', { subnet6: 'fd00::/115' })] });
      assert.deepEqual(settle(view, 'a').problems, [
        'network shop_a has no subnet: fd00::/115 is too small beside an IPv4 subnet of /18: each address of that has one in it (give it a prefix of /114 at most; /64 is usual)',
      ]);
      assert.equal(view.get('networks', 'a')?.allocation, undefined);
    });

    it('gives blocks to nodes that can carry it only', () => {
      const view = viewOf({ networks: [with6('a')], nodes: [node('n1'), able('n2')], services: [service('web', ['a'], true)] });
      assert.deepEqual(Object.keys(settle(view, 'a').blocks), ['n2']);
    });
  });

  it('takes the blocks of nodes and networks that are gone back', () => {
    const block = (networkId: string, nodeId: string): NetworkBlock => ({
      id: `${networkId}n${nodeId}`,
      ...meta,
      networkId,
      nodeId,
      subnet: '10.128.0.0/24',
    });
    assert.deepEqual(settle(viewOf({ networks: [network('a')], blocks: [block('a', 'gone')] }), 'a').blocks, {});
    assert.deepEqual(settle(viewOf({ blocks: [block('gone', 'n1')], nodes: [node('n1')] }), 'gone').blocks, {});
  });

  // As in moby 37338: addresses that nothing uses must not keep tasks from starting.
  it('gives the block of a node that runs none of its tasks any more to one that does', () => {
    const world = { networks: [network('own', '10.9.0.0/29')], nodes: ['n1', 'n2'].map(node), services: [service('web', ['own'])] };
    const view = viewOf({ ...world, tasks: [task('t1', 'web', 'n1')] });
    assert.deepEqual(settle(view, 'own').blocks, { n1: '10.9.0.0/29' });
    view.apply({ kind: 'tasks', id: 't1', object: task('t1', 'web', 'n1', 'failed'), revision: ++latest });
    assert.deepEqual(settle(view, 'own'), { blocks: { n1: '10.9.0.0/29' }, problems: [] });
    view.apply({ kind: 'tasks', id: 't2', object: task('t2', 'web', 'n2'), revision: ++latest });
    assert.deepEqual(settle(view, 'own'), { blocks: { n2: '10.9.0.0/29' }, problems: [] });
  });

  it('gives nodes that run its tasks blocks before those that only forward', () => {
    const view = viewOf({
      networks: [network('own', '10.9.0.0/29')],
      nodes: ['n1', 'n2'].map(node),
      services: [service('web', ['own'], true)],
      tasks: [task('t1', 'web', 'n2')],
    });
    assert.deepEqual(settle(view, 'own').blocks, { n2: '10.9.0.0/29' });
  });

  // As in moby 30942: a stack that is removed and deployed again at once.
  it('gives neither subnet nor id of a removed network away while a task with an address of it still stops', () => {
    const stopping = {
      ...task('t1', 'web', 'n1'),
      status: { state: 'running' as const, at: 0, message: '', addresses: { a: '10.128.0.2' } },
    };
    const view = viewOf({ networks: [network('a')], nodes: [node('n1')], services: [service('web', ['a'])], tasks: [stopping] });
    settle(view, 'a');
    const before = view.get('networks', 'a')?.allocation;
    view.apply({ kind: 'networks', id: 'a', object: undefined, revision: ++latest });
    view.apply({ kind: 'services', id: 'web', object: undefined, revision: ++latest });
    assert.deepEqual(Object.keys(settle(view, 'a').blocks), ['n1']);
    view.apply({ kind: 'networks', id: 'b', object: { ...network('b'), revision: ++latest }, revision: latest });
    settle(view, 'b');
    const after = view.get('networks', 'b')?.allocation;
    assert.notEqual(after?.vni, before?.vni);
    assert.notEqual(after?.subnet, before?.subnet);
    view.apply({ kind: 'tasks', id: 't1', object: { ...stopping, status: { ...stopping.status, state: 'shutdown' } }, revision: ++latest });
    assert.deepEqual(settle(view, 'a').blocks, {});
  });

  it('gives each node at most one block, no two that overlap, and none out of the virtual addresses, whatever comes and goes', () => {
    const ids = ['n1', 'n2', 'n3', 'n4'];
    const step = fc.record({ node: fc.constantFrom(...ids), runs: fc.boolean() });
    fc.assert(
      fc.property(
        fc.constantFrom('10.9.0.0/29', '10.9.0.0/28', '10.9.0.0/27', '10.9.0.0/24'),
        fc.array(step, { maxLength: 12 }),
        (subnet, steps) => {
          const view = viewOf({ networks: [network('own', subnet)], nodes: ids.map(node), services: [service('web', ['own'])] });
          const { blocks: total, vips } = divisionOf(subnet)!;
          for (const { node: nodeId, runs } of steps) {
            const object = { ...task(`t${nodeId}`, 'web', nodeId, runs ? 'running' : 'failed'), revision: ++latest };
            view.apply({ kind: 'tasks', id: object.id, object, revision: object.revision });
            const { blocks } = settle(view, 'own');
            const ranges = Object.values(blocks).map((block) => parseRange(block)!);
            const taken = vips ? [...ranges, vips] : ranges;
            assert.ok(
              taken.every((one, at) => taken.every((other, place) => at === place || !rangesOverlap(one, other))),
              JSON.stringify(blocks),
            );
            const busy = [...view.all('tasks')].filter(({ status }) => status.state === 'running').length;
            const served = [...view.all('tasks')].filter(({ status, nodeId: on = '' }) => status.state === 'running' && blocks[on]).length;
            assert.equal(served, Math.min(busy, total), `${served} of ${busy} nodes with tasks have a block, of ${total} there are`);
          }
        },
      ),
    );
  });
});
