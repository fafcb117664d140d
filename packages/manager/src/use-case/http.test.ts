import assert from 'node:assert/strict';
import { HTTP_CONFIG, type Task } from '@tessera/api';
import { VirtualClock } from '@tessera/kit';
import { readyNode, serviceSpec } from '../model/testing/builders.js';
import { httpFile } from '../plan/http/file.js';
import { HttpWorld, httpService, rule } from '../plan/http/testing/http-world.js';
import type { UseCaseContext } from './context.js';
import { getHttp } from './http.js';

const overview = (world: HttpWorld) => getHttp({ store: { view: world.view }, clock: new VirtualClock() } as unknown as UseCaseContext);

function taskOf(world: HttpWorld, name: string, status: Partial<Task['status']> = {}): Task {
  const { id: serviceId, specRevision, templateHash } = world.view.byName('services', name)!;
  const meta = { id: `t${serviceId}`, revision: 0, createdAt: 0, updatedAt: 0 };
  const running = { state: 'running' as const, at: 0, message: 'running', ...status };
  return { ...meta, serviceId, serviceName: name, specRevision, templateHash, slot: 1, nodeId: 'n1', desired: 'running', status: running };
}

describe('the overview of HTTP', () => {
  it('says of each route why requests for it fail', () => {
    const tls = {
      mode: 'given' as const,
      certificate: { kind: 'secrets' as const, name: 'c' },
      key: { kind: 'secrets' as const, name: 'c' },
    };
    const world = new HttpWorld(httpService('served', [rule('a.test')]), httpService('idle', [rule('b.test')]));
    world.deploy(httpService('certified', [rule('c.test', { tls })]));
    world.deploy(httpService('fresh', [rule('d.test')]), { withVip: false });
    world.put('tasks', taskOf(world, 'served'));
    assert.deepEqual(
      overview(world).routes.map(({ host, port, problem }) => [host, port, problem]),
      [
        ['a.test', 80, undefined],
        ['b.test', 80, 'no task of the service is ready'],
        ['c.test', 80, 'its certificate is not there'],
        ['d.test', undefined, 'the service has no address yet'],
      ],
    );
  });

  it('says of each proxy whether it goes by the routes as they are now', () => {
    const world = new HttpWorld();
    world.put('nodes', readyNode('n1'));
    world.deploy(
      serviceSpec('proxy', 1, ({ template }) => {
        template.container.secrets = [{ source: HTTP_CONFIG, target: '/x', uid: '0', gid: '0', mode: 0o400 }];
      }),
    );
    const files = { [`secrets/${HTTP_CONFIG}`]: httpFile(world.view).id };
    world.put('tasks', taskOf(world, 'proxy', { files }));
    const shown = () => overview(world).proxies.map(({ service, node, current }) => [service, node, current]);
    assert.deepEqual(shown(), [['proxy', 'n1', true]]);
    world.deploy(httpService('web', [rule('a.test')]));
    assert.deepEqual(shown(), [['proxy', 'n1', false]]);
  });
});
