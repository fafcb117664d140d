import assert from 'node:assert/strict';
import {
  contentId,
  defaultService,
  HTTP_CONFIG,
  ICC_OPTION,
  type Kind,
  type NodeDescription,
  type NodeSetItems,
  networkBlockId,
  type ObjectChange,
  type ObjectTypes,
  type Service,
  serviceRevisionId,
  type Task,
  vipId,
} from '@tessera/api';
import { IndexedView } from '../../model/view.js';
import { projectNode, slotIndexOf } from './node-set.js';

const meta = { revision: 1, createdAt: 1, updatedAt: 1 };

describe('projectNode', () => {
  let view: IndexedView;
  let revision: number;

  const put = <K extends Kind>(kind: K, object: ObjectTypes[K]): void => {
    revision += 1;
    view.apply({ kind, id: object.id, object: { ...object, revision }, revision } as ObjectChange);
  };
  const project = (nodeId: string): NodeSetItems => projectNode(view, slotIndexOf(view), nodeId);

  const network = (id: string, internal: boolean): void => {
    const spec = { name: id, labels: {}, driver: 'overlay' as const, driverOptions: {}, internal, attachable: false, ipv6: false };
    put('networks', { ...meta, id, spec, allocation: { subnet: '10.0.0.0/16', vni: 7 } });
  };
  const node = (id: string, address: string, more: Partial<NodeDescription> = {}): void => {
    const engine = { version: '', apiVersion: '', labels: {}, plugins: [], storageDriver: '' };
    const resources = { nanoCpus: 1, memoryBytes: 1, generic: [] };
    const platform = { os: 'linux', architecture: 'x86_64' };
    const description = { hostname: id, platform, resources, address, engine, agentVersion: '', kernel: '', operatingSystem: '', ...more };
    const status = { state: 'ready' as const, message: '', at: 1 };
    put('nodes', { ...meta, id, name: id, spec: { availability: 'active', labels: {}, role: 'worker' }, description, status });
  };
  const block = (networkId: string, nodeId: string, subnet: string): void =>
    put('blocks', { ...meta, id: networkBlockId(networkId, nodeId), networkId, nodeId, subnet });
  const service = (id: string, change: (spec: Service['spec']) => void): Service => {
    const spec = defaultService(id, 'busybox:1');
    change(spec);
    const object = { ...meta, id, spec, specRevision: 1, templateHash: 'h', ports: spec.ports };
    put('services', object);
    put('revisions', { ...meta, id: serviceRevisionId(id, 1), serviceId: id, specRevision: 1, templateHash: 'h', spec });
    return object;
  };
  const task = (id: string, of: Service, nodeId: string, more: Partial<Task>): void =>
    put('tasks', {
      ...meta,
      id,
      serviceId: of.id,
      serviceName: of.spec.name,
      specRevision: 1,
      templateHash: 'h',
      slot: 1,
      nodeId,
      desired: 'running',
      status: { state: 'running', at: 1, message: '' },
      ...more,
    });
  const running = (addresses: Record<string, string>, health?: 'starting' | 'healthy' | 'unhealthy'): Task['status'] => ({
    state: 'running',
    at: 1,
    message: '',
    addresses,
    ...(health && { health }),
  });

  beforeEach(() => {
    view = new IndexedView();
    revision = 0;
    node('n1', '192.0.2.1');
    node('n2', '192.0.2.2');
  });

  it('tells a node of networks that it has a block of, with the other nodes that have one', () => {
    network('front', false);
    network('other', false);
    block('front', 'n1', '10.0.1.0/24');
    block('front', 'n2', '10.0.2.0/24');
    block('other', 'n2', '10.0.3.0/24');
    const { networks } = project('n1');
    assert.deepEqual(
      networks.map((one) => [one.id, one.block, one.peers]),
      [['front', '10.0.1.0/24', [{ nodeId: 'n2', address: '192.0.2.2', block: '10.0.2.0/24' }]]],
    );
  });

  it('publishes ingress ports on one network of a service only, the first that is not internal', () => {
    for (const [id, internal] of [
      ['back', true],
      ['front', false],
      ['more', false],
    ] as const) {
      network(id, internal);
      block(id, 'n1', '10.0.1.0/24');
    }
    service('web', (spec) => {
      spec.template.networks = ['back', 'front', 'more'].map((name) => ({ network: name, aliases: [] }));
      spec.ports = [
        { protocol: 'tcp', target: 80, published: 8080, mode: 'ingress' },
        { protocol: 'tcp', target: 81, published: 8081, mode: 'host' },
      ];
    });
    const published = project('n1').services.filter((one) => one.ingress.length > 0);
    assert.deepEqual(
      published.map((one) => [one.networkId, one.ingress]),
      [['front', [{ protocol: 'tcp', published: 8080, target: 80 }]]],
    );
  });

  it('sends traffic to tasks that run, are wanted and, when they have a health check, are healthy', () => {
    network('front', false);
    block('front', 'n1', '10.0.1.0/24');
    const web = service('shop_web', (spec) => {
      spec.stack = 'shop';
      spec.template.networks = [{ network: 'front', aliases: ['w'] }];
      spec.template.container.healthcheck = { test: ['CMD', 'check'] };
    });
    task('a', web, 'n2', { slot: 1, status: running({ front: '10.0.2.1' }, 'healthy') });
    task('b', web, 'n2', { slot: 2, status: running({ front: '10.0.2.2' }, 'unhealthy') });
    task('c', web, 'n2', { slot: 3, status: running({ front: '10.0.2.3' }) });
    task('d', web, 'n2', { slot: 4, desired: 'shutdown', status: running({ front: '10.0.2.4' }, 'healthy') });
    task('job', web, 'n2', { slot: 6, desired: 'complete', status: running({ front: '10.0.2.6' }, 'healthy') });
    task('e', web, 'n2', { slot: 5, status: { ...running({ front: '10.0.2.5' }, 'healthy'), state: 'failed' } });
    const [item] = project('n1').services;
    assert.deepEqual(item?.endpoints, [{ taskId: 'a', nodeId: 'n2', slot: 1, address: '10.0.2.1' }]);
    assert.deepEqual([item?.shortName, item?.aliases], ['web', ['w']]);
  });

  it('tells the IPv6 subnet of a network and the IPv6 addresses of tasks, those of hubs among the others', () => {
    const spec = { name: 'six', labels: {}, driver: 'overlay' as const, driverOptions: { [ICC_OPTION]: 'false' }, internal: true };
    const allocation = { subnet: '10.0.0.0/16', subnet6: 'fd00::/64', vni: 7 };
    put('networks', { ...meta, id: 'six', spec: { ...spec, attachable: false, ipv6: true }, allocation });
    node('n2', '192.0.2.2', { ipv6: { addresses: ['2001:db8::2'] } });
    block('six', 'n1', '10.0.1.0/24');
    block('six', 'n2', '10.0.2.0/24');
    put('vips', { ...meta, id: vipId('six', '10.0.240.9'), networkId: 'six', serviceId: 'web', address: '10.0.240.9' });
    const web = service('web', ({ template }) => {
      template.networks = [{ network: 'six', aliases: [] }];
      template.container.secrets = [{ source: HTTP_CONFIG, target: '/h', uid: '0', gid: '0', mode: 0o444 }];
    });
    task('a', web, 'n1', { status: { ...running({ six: '10.0.1.2' }), addresses6: { six: 'fd00::102' } } });
    task('b', web, 'n1', { slot: 2, status: running({ six: '10.0.1.3' }) });
    const { networks, services } = project('n1');
    assert.deepEqual([networks[0]?.subnet6, networks[0]?.hubs], ['fd00::/64', ['10.0.1.2', '10.0.1.3', 'fd00::102']]);
    assert.deepEqual(networks[0]?.peers, [{ nodeId: 'n2', address: '192.0.2.2', block: '10.0.2.0/24', addresses6: ['2001:db8::2'] }]);
    assert.deepEqual([services[0]?.vip, services[0]?.vip6], ['10.0.240.9', 'fd00::f009']);
    assert.deepEqual(
      services[0]?.endpoints.map(({ address, address6 }) => [address, address6]),
      [
        ['10.0.1.2', 'fd00::102'],
        ['10.0.1.3', undefined],
      ],
    );
  });

  it('takes a task without a health check for healthy while it runs', () => {
    network('front', false);
    block('front', 'n1', '10.0.1.0/24');
    const web = service('web', (spec) => {
      spec.template.networks = [{ network: 'front', aliases: [] }];
      spec.template.container.healthcheck = { test: ['NONE'] };
    });
    task('a', web, 'n2', { status: running({ front: '10.0.2.1' }) });
    assert.equal(project('n1').services[0]?.endpoints.length, 1);
  });

  it('gives a node its own tasks from assigned on, until they are over for good', () => {
    const web = service('web', () => {});
    const state = (value: Task['status']['state']): Task['status'] => ({ state: value, at: 1, message: '' });
    task('new', web, 'n1', { slot: 1, status: state('pending') });
    task('assigned', web, 'n1', { slot: 2, status: state('assigned') });
    task('elsewhere', web, 'n2', { slot: 3 });
    task('stopping', web, 'n1', { slot: 4, desired: 'shutdown' });
    task('stopped', web, 'n1', { slot: 5, desired: 'shutdown', status: state('shutdown') });
    task('lost', web, 'n1', { slot: 6, status: state('orphaned') });
    task('done', web, 'n1', { slot: 7, desired: 'complete', status: state('complete') });
    task('restarting', web, 'n1', { slot: 8, status: state('failed') });
    assert.deepEqual(
      project('n1')
        .tasks.map((one) => one.id)
        .sort(),
      ['assigned', 'restarting', 'stopping'],
    );
  });

  it('names ended tasks apart while their objects are kept, so that their logs can be read', () => {
    const web = service('web', () => {});
    const state = (value: Task['status']['state']): Task['status'] => ({ state: value, at: 1, message: '' });
    task('crashed', web, 'n1', { createdAt: 1, status: state('failed') });
    task('crashing', web, 'n1', { createdAt: 2, status: state('failed') });
    task('stopped', web, 'n1', { slot: 2, desired: 'shutdown', status: state('shutdown') });
    task('lost', web, 'n1', { slot: 3, status: state('orphaned') });
    task('removed', web, 'n1', { slot: 4, desired: 'remove', status: state('shutdown') });
    task('elsewhere', web, 'n2', { slot: 5, desired: 'shutdown', status: state('shutdown') });
    const { ended, tasks } = project('n1');
    assert.deepEqual(ended.map((one) => one.id).sort(), ['crashed', 'lost', 'stopped']);
    assert.deepEqual(
      tasks.map((one) => one.id),
      ['crashing'],
    );
  });

  it('counts the restarts of a slot under the same template', () => {
    const web = service('web', () => {});
    const failed = (at: number): Partial<Task> => ({ createdAt: at, status: { state: 'failed', at, message: '', finishedAt: at + 5 } });
    task('a', web, 'n1', failed(10));
    task('b', web, 'n1', failed(20));
    task('old', web, 'n1', { ...failed(5), templateHash: 'another' });
    task('c', web, 'n1', { createdAt: 30 });
    const { tasks } = project('n1');
    assert.deepEqual(
      tasks.map((one) => [one.id, one.restarts]),
      [['c', [15, 25]]],
    );
  });

  it('hands out content of configs and secrets as it was deployed with the tasks, to nodes that run them and no other', () => {
    const reference = (source: string) => ({ source, target: `/${source}`, uid: '0', gid: '0', mode: 0o444 });
    const web = service('web', (spec) => {
      spec.template.container.secrets = [reference('key')];
      spec.template.container.configs = [reference('settings')];
      spec.template.fileHashes = { key: 'old1', settings: 'old2' };
    });
    for (const [secret, hash] of [
      [true, 'old1'],
      [true, 'unused'],
      [false, 'old2'],
    ] as const) {
      const id = contentId(secret ? 'secrets' : 'configs', hash);
      put('contents', { ...meta, id, secret, hash, data: 'aGk=' });
    }
    put('configs', { ...meta, id: 'c1', spec: { name: 'settings', labels: {}, data: '' }, hash: 'newer' });
    task('a', web, 'n1', {});
    const { files, tasks } = project('n1');
    assert.deepEqual(files.map((one) => [one.id, one.secret, one.data]).sort(), [
      ['cold2', false, 'aGk='],
      ['sold1', true, 'aGk='],
    ]);
    assert.deepEqual([tasks[0]?.secretIds, tasks[0]?.configIds], [{ key: 'sold1' }, { settings: 'cold2' }]);
    assert.deepEqual(project('n2').files, []);
  });
});
