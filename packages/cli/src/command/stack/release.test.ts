import assert from 'node:assert/strict';
import { ApiError, type Release } from '@tessera/api';
import { aProgress, aService, NOW } from '../../testing/builders.js';
import { FakeStream, FakeTransport } from '../../testing/fake-transport.js';
import { assertGolden, runCli } from '../../testing/run-cli.js';

const web = aService('shop_web');
const missing = new ApiError('not-found', 'no such thing');
const WATCH = 'GET /v1/watch?kinds=services,tasks,nodes';

function aRelease(number: number, changes: Partial<Release> = {}): Release {
  return {
    id: `shopn${number}`,
    revision: 1,
    createdAt: NOW - (10 - number) * 600_000,
    updatedAt: NOW,
    stackId: 'shop',
    stack: 'shop',
    number,
    services: [{ name: 'shop_web', serviceId: web.id, specRevision: number }],
    networks: [],
    files: [],
    author: 'ana',
    atomic: false,
    outcome: { state: 'completed', message: 'all services run', at: NOW },
    ...changes,
  };
}

const failed = aRelease(3, {
  message: 'new checkout',
  atomic: true,
  outcome: { state: 'rolled-back', message: 'shop_web: update paused: exit 3; release 2 is current again, as release 4', at: NOW },
});
const stack = { id: 'stack1', revision: 9, createdAt: NOW, updatedAt: NOW, name: 'shop', release: 3 };

describe('tsctl history', () => {
  it('lists the releases of a stack, the newest first', async () => {
    const releases = [aRelease(1), aRelease(2), failed, aRelease(4, { author: 'tessera', restores: 2 })];
    const { code, out } = await runCli('history shop', new FakeTransport().on('GET /v1/stacks/shop/releases', releases));
    assert.equal(code, 0);
    assertGolden('history', out);
  });

  it('lists those of all stacks', async () => {
    const transport = new FakeTransport()
      .on('GET /v1/stacks', [{ name: 'shop' }, { name: 'blog' }])
      .on('GET /v1/stacks/shop/releases', [aRelease(2)])
      .on('GET /v1/stacks/blog/releases', [aRelease(5, { stack: 'blog' })]);
    assert.equal((await runCli('history -q', transport)).out, 'blog 5\nshop 2\n');
  });

  it('ends with 4 for a stack that there is not', async () => {
    const { code, err } = await runCli('history shp', new FakeTransport().on('GET /v1/stacks/shp/releases', missing));
    assert.equal(code, 4);
    assert.match(err, /there is no stack "shp"/);
  });
});

describe('tsctl diff', () => {
  const older = aService('shop_web', 'shop/web:1').spec;
  const newer = aService('shop_web', 'shop/web:2', { mode: { kind: 'replicated', replicas: 3 } }).spec;
  const transport = (): FakeTransport =>
    new FakeTransport()
      .on('GET /v1/stacks/shop/releases/1', { release: aRelease(1), services: [older] })
      .on('GET /v1/stacks/shop/releases/2', { release: aRelease(2), services: [newer] });

  it('tells what changed from one release to another, field by field', async () => {
    const { code, out } = await runCli('diff shop 1 2', transport());
    assert.equal(code, 0);
    assertGolden('diff', out);
    assert.equal((await runCli('diff --exit-code shop 1 2', transport())).code, 3);
    assert.equal((await runCli('diff shop 1 1', transport())).out, 'no difference\n');
  });

  it('compares the current release with what is there when no number is given', async () => {
    const now = transport()
      .on('GET /v1/stacks/shop', {
        stack: { ...stack, release: 2 },
        services: [{ spec: { ...newer, mode: { kind: 'replicated', replicas: 9 } } }],
      })
      .on('GET /v1/networks', [])
      .on('GET /v1/configs', [])
      .on('GET /v1/secrets', []);
    assert.equal((await runCli('diff shop', now)).out, '~ service shop_web\n    mode.replicas: 3 -> 9\n');
  });

  it('refuses what is no number', async () => {
    const { code, err } = await runCli('diff shop one', new FakeTransport());
    assert.equal(code, 2);
    assert.match(err, /"one" is no whole number/);
  });
});

describe('tsctl rollback', () => {
  it('makes a release of a stack current again and waits', async () => {
    const transport = new FakeTransport()
      .on('GET /v1/services/shop', missing)
      .on('GET /v1/stacks/shop', { stack })
      .on('POST /v1/stacks/stack1/rollback', { stack: { ...stack, release: 4 }, release: 4, changes: [], revision: 10 })
      .on('GET /v1/progress?stack=shop', [aProgress(web)])
      .on('GET /v1/network-applied?stack=shop', { behind: [], proxies: [] })
      .onStream(WATCH, new FakeStream());
    const { code, err } = await runCli('rollback shop 2 -m again', transport);
    assert.equal(code, 0);
    assert.deepEqual(transport.bodies, [{ release: 2, message: 'again' }]);
    assert.match(err, /^release 4 of shop\n/);
  });

  it('gives a service what it ran before', async () => {
    const transport = new FakeTransport()
      .on('GET /v1/services/shop_web', { service: web })
      .on(`POST /v1/services/${web.id}/rollback`, { ...web, specRevision: 2 });
    const { code, err } = await runCli('service rollback -d shop_web', transport);
    assert.equal(code, 0);
    assert.deepEqual(transport.bodies, [{}]);
    assert.equal(err, '~ service shop_web goes back\n');
  });
});

describe('tsctl deploy --atomic', () => {
  const FILES = { files: { '/work/compose.yml': 'services:\n  web:\n    image: shop/web:1\n' } };
  const change = { kind: 'services', name: 'shop_web', id: web.id, outcome: 'updated', restarts: true };
  const deploying = (release: Release): FakeTransport =>
    new FakeTransport()
      .on('PUT /v1/stacks/shop?prune=false&resolve=always&atomic=true', { stack, changes: [change], release: 3, revision: 9 })
      .on('GET /v1/progress?stack=shop', [aProgress(web)])
      .on('GET /v1/network-applied?stack=shop', { behind: [], proxies: [] })
      .on('GET /v1/stacks/shop/releases', [release])
      .onStream('GET /v1/watch?kinds=services,tasks,nodes,releases', new FakeStream());

  it('ends with 6 and the reason when the stack was taken back', async () => {
    const { code, err } = await runCli('deploy --atomic shop', deploying(failed), FILES);
    assert.equal(code, 6);
    assertGolden('deploy-atomic', err);
  });

  it('ends with 0 when the release is completed, 1 when it failed with nothing to go back to', async () => {
    assert.equal((await runCli('deploy --atomic shop', deploying(aRelease(3)), FILES)).code, 0);
    const lost = aRelease(3, { outcome: { state: 'failed', message: 'shop_web: no image', at: NOW } });
    assert.equal((await runCli('deploy --atomic shop', deploying(lost), FILES)).code, 1);
  });
});
