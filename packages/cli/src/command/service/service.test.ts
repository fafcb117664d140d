import assert from 'node:assert/strict';
import { ApiError, type ServiceSpec } from '@tessera/api';
import { aProgress, aService } from '../../testing/builders.js';
import { FakeStream, FakeTransport } from '../../testing/fake-transport.js';
import { assertGolden, runCli } from '../../testing/run-cli.js';

const web = aService('shop_web', 'shop/web:1', { ports: [{ protocol: 'tcp', target: 80, published: 8080, mode: 'ingress' }] });
const api = aService('shop_api', 'shop/api:1');
const WATCH = 'GET /v1/watch?kinds=services,tasks,nodes';
const absent = new ApiError('not-found', 'no');

describe('tsctl services', () => {
  it('prints a table with what each service waits for', async () => {
    const waiting = aProgress(api, { running: 0, updated: 0, converged: false, waiting: '1 task: 0/1 node: 1 drained' });
    const transport = new FakeTransport().on('GET /v1/services', [web, api]).on('GET /v1/progress', [aProgress(web), waiting]);
    const { code, out } = await runCli('services', transport);
    assert.equal(code, 0);
    assertGolden('services', out);
  });
});

describe('tsctl scale', () => {
  it('scales every service that is named and waits for these alone', async () => {
    const unrelated = aProgress(aService('blog_web'), { converged: false });
    const transport = new FakeTransport()
      .on('POST /v1/services/shop_web/scale', web)
      .on('POST /v1/services/shop_api/scale', api)
      .on('GET /v1/progress', [aProgress(web), aProgress(api), unrelated])
      .on(`GET /v1/network-applied?service=${web.id}`, { behind: ['n2', 'n1'], proxies: [] })
      .on(`GET /v1/network-applied?service=${api.id}`, { behind: ['n2'], proxies: [] })
      .onStream(WATCH, new FakeStream());
    const { code, err } = await runCli('scale shop_web=5 shop_api=2', transport);
    assert.equal(code, 0);
    assert.deepEqual(transport.bodies, [{ replicas: 5 }, { replicas: 2 }]);
    assert.match(err, /service shop_web scaled to 5/);
    assert.match(err, /\nnot yet known to n1, n2: /);
  });

  it('sends nothing when one of the arguments is wrong', async () => {
    for (const line of ['scale shop_web=5 shop_api', 'scale shop_web=many', 'scale shop_web=', 'scale a=1 a=2', 'scale']) {
      const transport = new FakeTransport();
      assert.equal((await runCli(line, transport)).code, 2, line);
      assert.deepEqual(transport.requests, []);
    }
  });

  it('ends with 4 for a service that there is not', async () => {
    assert.equal((await runCli('scale nope=1', new FakeTransport().on('POST /v1/services/nope/scale', absent))).code, 4);
  });
});

describe('tsctl service update', () => {
  const GET = 'GET /v1/services/shop_web';
  const PUT = `PUT /v1/services/${web.id}?revision=${web.revision}&resolve=changed`;

  it('changes what the flags say and nothing else', async () => {
    const transport = new FakeTransport().on(GET, { service: web, progress: {} }).on(PUT.replace('changed', 'always'), web);
    const { code, err } = await runCli(
      'service update -d --image shop/web:2 --replicas 4 --env-add A=b=c --limit-memory 512M shop_web',
      transport,
    );
    assert.equal(code, 0);
    const sent = transport.bodies[0] as ServiceSpec;
    assert.match(err, /warning: the digest of image shop\/web:1 is not known/);
    assert.equal(sent.template.container.image, 'shop/web:2');
    assert.deepEqual(sent.mode, { kind: 'replicated', replicas: 4 });
    assert.deepEqual(sent.template.container.env, ['A=b=c']);
    assert.deepEqual(sent.template.limits, { memoryBytes: 512 * 1024 ** 2 });
    assert.deepEqual(sent.ports, web.spec.ports);
  });

  it('reads again and applies the flags anew when somebody else was faster', async () => {
    const newer = { ...web, revision: 8, spec: { ...web.spec, labels: { theirs: '1' } } };
    const transport = new FakeTransport()
      .on(GET, { service: web, progress: {} }, { service: newer, progress: {} })
      .on(PUT, new ApiError('conflict', 'changed'))
      .on(`PUT /v1/services/${web.id}?revision=8&resolve=changed`, newer);
    assert.equal((await runCli('service update -d --label-add mine=2 shop_web', transport)).code, 0);
    assert.deepEqual((transport.bodies[1] as ServiceSpec).labels, { theirs: '1', mine: '2' });
  });

  it('asks for at least one change', async () => {
    assert.equal((await runCli('service update shop_web', new FakeTransport())).code, 2);
  });
});

describe('tsctl service create', () => {
  it('makes a spec of the flags, and takes the command after the image', async () => {
    const transport = new FakeTransport().on('POST /v1/services?resolve=always', web);
    const { code, out } = await runCli(
      'service create -d --name web --replicas 3 --publish-add 8080:80 --network backbone busybox -- sleep -f 5',
      transport,
    );
    assert.equal(code, 0);
    assert.equal(out, `${web.id}\n`);
    const sent = transport.bodies[0] as ServiceSpec;
    assert.deepEqual(sent.template.container.args, ['sleep', '-f', '5']);
    assert.deepEqual(sent.ports, [{ protocol: 'tcp', target: 80, published: 8080, mode: 'ingress' }]);
    assert.deepEqual(sent.template.networks, [{ network: 'backbone', aliases: [] }]);
    assert.deepEqual(sent.mode, { kind: 'replicated', replicas: 3 });
  });

  it('needs a name', async () => {
    const { code, err } = await runCli('service create busybox', new FakeTransport());
    assert.equal(code, 2);
    assert.match(err, /--name/);
  });
});
