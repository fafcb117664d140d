import assert from 'node:assert/strict';
import { type Content, contentId, type ServiceSpec } from '@tessera/api';
import { serviceSpec } from '../model/testing/builders.js';
import { planContents } from './contents.js';
import { World } from './testing/world.js';

const GRACE_MS = 10 * 60_000;

function content(world: World, kind: 'configs' | 'secrets', hash: string): string {
  const object: Content = {
    id: contentId(kind, hash),
    revision: 0,
    createdAt: world.now,
    updatedAt: world.now,
    secret: kind === 'secrets',
    hash,
    data: 'aGk=',
  };
  world.write({ type: 'put', kind: 'contents', object });
  return object.id;
}

function mounting(hash: string): ServiceSpec {
  return serviceSpec('web', 1, ({ template }) => {
    template.container.configs = [{ source: 'app_conf', target: '/conf', uid: '0', gid: '0', mode: 0o444 }];
    template.fileHashes = { app_conf: hash };
  });
}

const collected = (world: World): string[] =>
  planContents(world.view, world.now).changes.map((change) => (change.type === 'delete' ? change.id : 'put'));

describe('contents of configs and secrets', () => {
  it('stay while a config, a secret or a spec names them', () => {
    const world = new World();
    content(world, 'configs', 'h1');
    content(world, 'configs', 'h2');
    content(world, 'secrets', 'h1');
    world.deploy(mounting('h1'));
    const head = { id: 'c1', revision: 0, createdAt: 0, updatedAt: 0, spec: { name: 'app_conf', labels: {}, data: '' }, hash: 'h2' };
    world.write({ type: 'put', kind: 'configs', object: head });
    world.write({ type: 'put', kind: 'secrets', object: { ...head, id: 's1', hash: 'h1' } });
    world.now += 10 * GRACE_MS;
    assert.deepEqual(planContents(world.view, world.now), { changes: [] });
  });

  it('stay as long as an old spec may come back, though the config has another content now', () => {
    const world = new World();
    const old = content(world, 'configs', 'h1');
    content(world, 'configs', 'h2');
    world.deploy(mounting('h1'));
    world.deploy(mounting('h2'));
    world.now += 10 * GRACE_MS;
    assert.deepEqual(collected(world), []);
    world.write({ type: 'delete', kind: 'revisions', id: 'webr1' });
    assert.deepEqual(collected(world), [old]);
  });

  it('that nothing names yet have ten minutes', () => {
    const world = new World();
    const id = content(world, 'secrets', 'h1');
    assert.deepEqual(planContents(world.view, world.now + 1), { changes: [], againInMs: GRACE_MS - 1 });
    world.now += GRACE_MS;
    assert.deepEqual(collected(world), [id]);
  });
});
