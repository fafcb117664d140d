import assert from 'node:assert/strict';
import { httpFile } from './file.js';
import { outdatedProxies } from './proxies.js';
import { httpService, ProxyWorld, rule } from './testing/http-world.js';

describe('proxies that do not have the routes', () => {
  const outdated = (world: ProxyWorld): string[] => outdatedProxies(world.view).map(({ id }) => id);

  it('are those that run with others, and none that is told to go', () => {
    const world = new ProxyWorld(httpService('web', [rule('a.test')]));
    assert.deepEqual(outdated(world), []);
    world.proxy('p1', httpFile(world.view).id);
    world.proxy('p2', 'former');
    world.proxy('p3', 'former', 'shutdown');
    assert.deepEqual(outdated(world), ['p2']);
  });

  it('are all of them as soon as a route changes', () => {
    const world = new ProxyWorld(httpService('web', [rule('a.test')]));
    world.proxy('p1', httpFile(world.view).id);
    world.deploy(httpService('web', [rule('b.test')]));
    assert.deepEqual(outdated(world), ['p1']);
  });
});
