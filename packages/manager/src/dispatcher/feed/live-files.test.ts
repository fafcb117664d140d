import assert from 'node:assert/strict';
import {
  type FileContent,
  HTTP_CONFIG,
  ICC_OPTION,
  type NetworkAssignment,
  networkBlockId,
  type ServiceEndpoints,
  type ServiceSpec,
  type Task,
  type TaskAssignment,
} from '@tessera/api';
import { readyNode, serviceSpec } from '../../model/testing/builders.js';
import { HttpWorld, httpService, rule } from '../../plan/http/testing/http-world.js';
import { ChangeRouter } from './change-router.js';
import { type Delta, NodeFeed } from './node-feed.js';
import { Projector } from './projector.js';

const mount = (source: string) => ({ source, target: `/${source}`, uid: '0', gid: '0', mode: 0o400 });
const meta = { revision: 0, createdAt: 0, updatedAt: 0 };
const hash = (text: string) => Buffer.from(text).toString('hex').padEnd(64, '0');

/** A proxy, and a service that reloads the config `c`, with a task each on node n1. */
function setUp() {
  const world = new HttpWorld();
  const proxy = serviceSpec('proxy', 1, ({ template }) => {
    template.reload = { command: ['reload'] };
    template.container.secrets = [mount(HTTP_CONFIG)];
  });
  const page = (text: string, change: (spec: ServiceSpec) => void = () => {}) =>
    serviceSpec('page', 1, (spec) => {
      spec.template.reload = { signal: 'SIGHUP' };
      spec.template.container.configs = [mount('c')];
      spec.template.fileHashes = { c: hash(text) };
      change(spec);
    });
  world.put('nodes', readyNode('n1'));
  for (const text of ['one', 'two']) world.file('configs', 'c', text);
  world.deploy(proxy);
  world.deploy(page('one'));
  for (const name of ['proxy', 'page']) world.put('tasks', taskOf(world, name));
  const projector = new Projector(world.view);
  const feeds = new Map<string, NodeFeed>();
  const router = new ChangeRouter(projector, feeds, { hold: () => {}, drop: () => {} }, { gone: () => {}, moved: () => {} });
  const feed = new NodeFeed('n1', projector, () => {});
  feeds.set('n1', feed);
  world.onChange = (change) => router.route(change);
  return { world, page, feed, first: feed.start() };
}

function taskOf({ view }: HttpWorld, name: string): Task {
  const service = view.byName('services', name)!;
  const status = { state: 'running' as const, at: 0, message: '' };
  const { id: serviceId, specRevision, templateHash } = service;
  return {
    ...meta,
    id: `t${name}`,
    serviceId,
    serviceName: name,
    specRevision,
    templateHash,
    slot: 1,
    nodeId: 'n1',
    desired: 'running',
    status,
  };
}

const tasks = (delta: Delta | undefined) => (delta?.put.tasks ?? []) as TaskAssignment[];
const files = (delta: Delta | undefined) => (delta?.put.files ?? []) as FileContent[];

describe('addresses of tasks', () => {
  it('are told anew when one gets an IPv6 address', () => {
    const { world, feed } = setUp();
    world.put('blocks', { ...meta, id: networkBlockId('net', 'n1'), networkId: 'net', nodeId: 'n1', subnet: '10.9.0.0/24' });
    world.deploy(httpService('six', []));
    const task = taskOf(world, 'six');
    const status = { ...task.status, addresses: { net: '10.9.0.9' } };
    world.put('tasks', { ...task, status });
    feed.collect();
    world.put('tasks', { ...task, status: { ...status, addresses6: { net: 'fd00::9' } } });
    const endpoints = (feed.collect()?.put.services ?? []).map((item) => (item as ServiceEndpoints).endpoints[0]?.address6);
    assert.deepEqual(endpoints, ['fd00::9']);
  });
});

describe('files that tasks reload', () => {
  it('come to the running task when only their content changed, and the former content goes', () => {
    const { world, page, feed } = setUp();
    world.deploy(page('two'));
    const delta = feed.collect();
    assert.deepEqual(
      tasks(delta).map(({ id, configIds }) => [id, configIds]),
      [['tpage', { c: `c${hash('two').slice(0, 63)}` }]],
    );
    assert.deepEqual(
      files(delta).map(({ data }) => Buffer.from(data, 'base64').toString()),
      ['two'],
    );
    assert.deepEqual(delta?.remove.files, [`c${hash('one').slice(0, 63)}`]);
    assert.equal(feed.collect(), undefined);
  });

  it('stay as they were for a task that an update is to replace', () => {
    const { world, page, feed } = setUp();
    world.deploy(page('two', (spec) => (spec.template.container.image = 'app:2')));
    assert.deepEqual(tasks(feed.collect()), []);
  });

  it('are read by proxies whose addresses every node of a network knows that keeps its members apart, as they come and go', () => {
    const { world, feed } = setUp();
    const { view } = world;
    const network = view.get('networks', 'net')!;
    world.put('networks', { ...network, spec: { ...network.spec, driverOptions: { [ICC_OPTION]: 'false' } } });
    world.put('blocks', {
      id: networkBlockId('net', 'n1'),
      revision: 0,
      createdAt: 0,
      updatedAt: 0,
      networkId: 'net',
      nodeId: 'n1',
      subnet: '10.9.1.0/24',
    });
    const hubs = () => (feed.collect()?.put.networks as NetworkAssignment[] | undefined)?.map((each) => each.hubs);
    assert.deepEqual(hubs(), [[]]);
    const proxy = view.byName('services', 'proxy')!;
    world.deploy({ ...proxy.spec, template: { ...proxy.spec.template, networks: [{ network: 'http', aliases: [] }] } });
    const task = view.get('tasks', 'tproxy')!;
    const at = (address: string, state: Task['status']['state']) => ({
      ...task,
      status: { ...task.status, state, addresses: { net: address } },
    });
    world.put('tasks', at('10.9.1.2', 'starting'));
    assert.deepEqual(hubs(), [['10.9.1.2']], 'also before it is ready');
    world.put('tasks', { ...at('10.9.1.2', 'running'), desired: 'shutdown' });
    assert.deepEqual(hubs(), [], 'and while it answers what it has');
    world.put('tasks', at('10.9.1.2', 'shutdown'));
    assert.deepEqual(hubs(), [[]]);
  });

  it('are the routes of HTTP for a proxy, anew with each change of them', () => {
    const { world, feed, first } = setUp();
    const idOf = (list: readonly TaskAssignment[]) => list.find(({ id }) => id === 'tproxy')?.secretIds[HTTP_CONFIG];
    assert.ok(first.files.some(({ id, secret }) => secret && id === idOf(first.tasks)));
    world.deploy(httpService('web', [rule('a.test')]));
    const added = feed.collect();
    assert.deepEqual(
      files(added).map(({ id }) => id),
      [idOf(tasks(added))],
    );
    assert.match(Buffer.from(files(added)[0]?.data ?? '', 'base64').toString(), /"dial":"10\.9\.240\.\d+:80"/);
    assert.deepEqual(added?.remove.files, [idOf(first.tasks)]);
    world.deploy(httpService('web', [rule('a.test')], (spec) => (spec.mode = { kind: 'replicated', replicas: 2 })));
    assert.equal(feed.collect(), undefined, 'what changes no route is not told');
    world.deploy(serviceSpec('web', 1));
    assert.equal(idOf(tasks(feed.collect())), idOf(first.tasks), 'as it was before');
  });
});
