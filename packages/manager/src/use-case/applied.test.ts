import assert from 'node:assert/strict';
import { HTTP_CONFIG, networkBlockId } from '@tessera/api';
import { VirtualClock } from '@tessera/kit';
import { deployed, readyNode, serviceSpec } from '../model/testing/builders.js';
import { httpFile } from '../plan/http/file.js';
import { untilNetworkApplied } from './applied.js';
import { type PeerContext, peerContext } from './testing/peer-context.js';

const meta = { revision: 1, createdAt: 0, updatedAt: 0 };
const { signal } = new AbortController();

describe('the wait for the nodes of services', () => {
  let asked: string[][];
  let clock: VirtualClock;
  let world: PeerContext;

  beforeEach(() => {
    asked = [];
    clock = new VirtualClock();
    world = peerContext(
      { n1: 'm1', n2: 'm2', n3: 'm1', n4: 'm1' },
      {
        clock,
        dispatcher: {
          untilApplied: async (nodeIds) => {
            asked.push([...nodeIds].sort());
            return [...nodeIds].filter((nodeId) => nodeId === 'n2');
          },
        },
      },
    );
    const { view } = world;
    const away = { ...readyNode('n4'), status: { state: 'down' as const, message: '', at: 0 } };
    view.apply({ kind: 'nodes', id: 'n4', object: away, revision: 2 });
    putNetwork('front', 'n1', 'n2', 'n4');
    putNetwork('back', 'n3');
    putService('web', 'shop', 'front', 'back');
    putService('db', 'shop', 'back');
    putService('blog', undefined, 'front');
  });

  function putNetwork(name: string, ...nodeIds: string[]): void {
    const spec = { name, labels: {}, driver: 'overlay' as const, driverOptions: {}, internal: false, attachable: false, ipv6: false };
    world.view.apply({ kind: 'networks', id: `id-${name}`, object: { ...meta, id: `id-${name}`, spec }, revision: 2 });
    for (const nodeId of nodeIds) {
      const block = { ...meta, id: networkBlockId(`id-${name}`, nodeId), networkId: `id-${name}`, nodeId, subnet: '10.0.0.0/24' };
      world.view.apply({ kind: 'blocks', id: block.id, object: block, revision: 2 });
    }
  }

  function putService(name: string, stack: string | undefined, ...networks: string[]): void {
    const spec = serviceSpec(name, 1, (one) => {
      if (stack !== undefined) one.stack = stack;
      one.template.networks = networks.map((network) => ({ network, aliases: [] }));
    });
    world.view.apply({ kind: 'services', id: `id-${name}`, object: deployed(spec, `id-${name}`).service, revision: 2 });
  }

  it('is for those that are ready and take part in their networks', async () => {
    const wait = (query: { stack?: string; service?: string }) => untilNetworkApplied(world.context, query, signal);
    assert.deepEqual(await wait({ stack: 'shop' }), { behind: ['n2'], proxies: [] });
    assert.deepEqual(await wait({ service: 'db' }), { behind: [], proxies: [] });
    assert.deepEqual(await wait({}), { behind: ['n2'], proxies: [] });
    assert.deepEqual(asked, [['n1', 'n2', 'n3'], ['n3'], ['n1', 'n2', 'n3']]);
    await assert.rejects(wait({ service: 'nothing' }), { code: 'not-found' });
  });

  it('is for HTTP proxies as well, some seconds at most', async () => {
    putService('proxy', undefined);
    const proxy = world.view.get('services', 'id-proxy')!;
    const secrets = [{ source: HTTP_CONFIG, target: '/x', uid: '0', gid: '0', mode: 0o400 }];
    const { template } = proxy.spec;
    const spec = { ...proxy.spec, template: { ...template, container: { ...template.container, secrets } } };
    world.view.apply({ kind: 'services', id: proxy.id, object: { ...proxy, spec }, revision: 3 });
    const putTask = (fileId: string): void => {
      const status = { state: 'running' as const, at: 0, message: '', files: { [`secrets/${HTTP_CONFIG}`]: fileId } };
      const more = { serviceName: 'proxy', specRevision: 1, templateHash: 'h', slot: 2, nodeId: 'n1', desired: 'running' as const };
      world.view.apply({ kind: 'tasks', id: 'p', object: { ...meta, id: 'p', serviceId: proxy.id, ...more, status }, revision: 4 });
    };
    putTask('former');
    const late = untilNetworkApplied(world.context, { service: 'db' }, signal);
    await clock.advance(12_000);
    assert.deepEqual(await late, { behind: [], proxies: ['proxy.2'] });
    const soon = untilNetworkApplied(world.context, { service: 'db' }, signal);
    await clock.advance(100);
    putTask(httpFile(world.view).id);
    await clock.advance(100);
    assert.deepEqual([await soon, clock.pending], [{ behind: [], proxies: [] }, 0]);
  });
});
