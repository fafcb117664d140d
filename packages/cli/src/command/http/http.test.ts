import assert from 'node:assert/strict';
import { ApiError, type NetworkSpec, type StackSpec } from '@tessera/api';
import { proxyStack } from '../../http/proxy-stack.js';
import { aNode, id, NOW } from '../../testing/builders.js';
import { FakeTransport } from '../../testing/fake-transport.js';
import { assertGolden, runCli } from '../../testing/run-cli.js';

const meta = { id: id('x'), revision: 1, createdAt: NOW, updatedAt: NOW };
const file = (name: string, data = '') => ({ ...meta, spec: { name, labels: {}, data }, hash: 'h' });
const network = {
  ...meta,
  spec: { name: 'http', labels: {}, driver: 'overlay', driverOptions: {}, internal: true, attachable: false, ipv6: false },
};
const OPTIONS = { image: 'caddy:2', replicas: 1, httpPort: 80, httpsPort: 443, ipv6: false, migratesRequests: true };
const DEPLOYED = { stack: { ...meta, name: 'http', release: 1 }, changes: [], release: 1 };

describe('tsctl http', () => {
  it('prints the proxy as a Compose file', async () => {
    const { out } = await runCli('http enable --print --global --https-port 8443');
    assertGolden('http-enable-print', out);
  });

  it('answers by IPv6 when it is told to, and goes on to', async () => {
    const bodyOf = async (line: string, networks: object[]): Promise<boolean | undefined> => {
      const transport = new FakeTransport()
        .on('GET /v1/networks', networks)
        .on('GET /v1/nodes', [])
        .on('GET /v1/configs', [file('http-ca.crt')])
        .on('GET /v1/secrets', [file('http-ca.key')])
        .on('POST /v1/configs', file('acme'))
        .on('POST /v1/secrets', file('acme'))
        .on('PUT /v1/stacks/http?prune=false&resolve=always', DEPLOYED);
      const { code, err } = await runCli(line, transport);
      assert.equal(code, 0, err);
      return (transport.bodies.at(-1) as StackSpec).networks.find(({ name }) => name === 'http_default')?.ipv6;
    };
    const six = { ...network, spec: { ...network.spec, name: 'http_default', ipv6: true } };
    assert.equal(await bodyOf('http enable --detach', [network]), false);
    assert.equal(await bodyOf('http enable --detach --ipv6', [network]), true);
    assert.equal(await bodyOf('http enable --detach --replicas 2', [network, six]), true);
  });

  it('makes a Compose file without warnings whose tasks get new routes while they run', async () => {
    const [proxy] = (await proxyStack(OPTIONS)).services;
    assert.deepEqual(proxy?.template.reload, { command: ['caddy', 'reload', '--config', '/etc/caddy/tessera.json'] });
    assert.deepEqual(
      proxy?.template.container.secrets.map(({ source, target, mode }) => [source, target, mode]),
      [
        ['tessera.http', '/etc/caddy/tessera.json', 0o400],
        ['http-ca.key', '/etc/caddy/ca.key', 0o400],
      ],
    );
  });

  it('makes the network and the CA before it deploys the proxy', async () => {
    const transport = new FakeTransport()
      .on('GET /v1/nodes', [aNode('a')])
      .on('GET /v1/networks', [])
      .on('POST /v1/networks', network)
      .on('GET /v1/configs', [])
      .on('GET /v1/secrets', [])
      .on('GET /v1/info', { name: 'c', clusterId: 'c1', version: '', leader: true, store: 'memory', revision: 1, counts: {} })
      .on('POST /v1/secrets', file('http-ca.key'))
      .on('POST /v1/configs', file('http-ca.crt'))
      .on('PUT /v1/stacks/http?prune=false&resolve=always', DEPLOYED);
    const { code, err } = await runCli('http enable --detach --image own/caddy:1 --replicas 2', transport);
    assert.equal(code, 0, err);
    assert.match(err, /\+ network http created\n\+ CA created: config http-ca.crt, secret http-ca.key\n/);
    const { internal, driverOptions } = transport.bodies[0] as NetworkSpec;
    assert.deepEqual({ internal, driverOptions }, { internal: true, driverOptions: { 'com.docker.network.bridge.enable_icc': 'false' } });
    const stack = transport.bodies.at(-1) as StackSpec;
    assert.deepEqual(stack, await proxyStack({ ...OPTIONS, image: 'own/caddy:1', replicas: 2 }));
  });

  it('does without what a kernel of the cluster cannot do, and keeps network and CA that are there', async () => {
    const old = aNode('old');
    const transport = new FakeTransport()
      .on('GET /v1/nodes', [aNode('a'), { ...old, description: { ...old.description, kernel: '5.4.0-150-generic' } }])
      .on('GET /v1/networks', [network])
      .on('GET /v1/configs', [file('http-ca.crt'), file('http-acme.json')])
      .on('GET /v1/secrets', [file('http-ca.key'), file('http-acme.key')])
      .on('PUT /v1/stacks/http?prune=false&resolve=always', DEPLOYED);
    assert.equal((await runCli('http enable --detach', transport)).code, 0);
    assert.deepEqual((transport.bodies[0] as StackSpec).services[0]?.template.container.sysctls, {});
  });

  it("asks Let's Encrypt by an account of its own unless told otherwise, and keeps what was told", async () => {
    const settings = (transport: FakeTransport): object[] =>
      (transport.bodies as { name?: string; data?: string }[])
        .filter(({ name }) => name === 'http-acme.json')
        .map(({ data = '' }) => JSON.parse(Buffer.from(data, 'base64').toString()));
    const world = (configs: object[]): FakeTransport =>
      new FakeTransport()
        .on('GET /v1/nodes', [])
        .on('GET /v1/networks', [network])
        .on('GET /v1/configs', [file('http-ca.crt'), ...configs])
        .on('GET /v1/secrets', [file('http-ca.key')])
        .on('POST /v1/configs', file('http-acme.json'))
        .on(`DELETE /v1/configs/${meta.id}`, {})
        .on('POST /v1/secrets', file('http-acme.key'))
        .on('PUT /v1/stacks/http?prune=false&resolve=always', DEPLOYED);
    const [fresh, kept, changed] = [world([]), world([file('http-acme.json')]), world([file('http-acme.json')])];
    await runCli('http enable --detach', fresh);
    assert.deepEqual(settings(fresh), [{ directory: 'https://acme-v02.api.letsencrypt.org/directory' }]);
    const key = (fresh.bodies as { name?: string; data?: string }[]).find(({ name }) => name === 'http-acme.key');
    const { kty, crv } = JSON.parse(Buffer.from(key?.data ?? '', 'base64').toString());
    assert.deepEqual([kty, crv], ['EC', 'P-256']);
    await runCli('http enable --detach', kept);
    assert.deepEqual(settings(kept), []);
    const { err } = await runCli('http enable --detach --acme-directory https://ca.test/dir --acme-email a@b.test', changed);
    assert.deepEqual(settings(changed), [{ directory: 'https://ca.test/dir', email: 'a@b.test' }]);
    assert.match(err, /come from https:\/\/ca\.test\/dir: config http-acme\.json/);
  });

  it('asks for a certificate at once', async () => {
    const transport = new FakeTransport().on('POST /v1/http/certificates/app.test/renew', { ...meta, host: 'app.test', askedAt: NOW });
    const { code, err } = await runCli('http renew App.test', transport);
    assert.deepEqual([code, err], [0, 'a certificate for app.test is being asked for\nsee: tsctl http status\n']);
  });

  it('refuses half a CA, and two numbers of proxies', async () => {
    const transport = new FakeTransport()
      .on('GET /v1/nodes', [])
      .on('GET /v1/networks', [network])
      .on('GET /v1/configs', [file('http-ca.crt')])
      .on('GET /v1/secrets', []);
    assert.match((await runCli('http enable', transport)).err, /there is config 'http-ca.crt', and secret 'http-ca.key'.* is missing/);
    assert.equal((await runCli('http enable --global --replicas 2')).code, 2);
  });

  it('shows what is served and by which proxies, and fails when that is not so everywhere', async () => {
    const routes = [
      { host: 'app.test', path: '/api', stripPrefix: true, tls: 'internal', service: 'shop_api', port: 8080 },
      { host: 'app.test', path: '/', stripPrefix: false, tls: 'internal', service: 'shop_web', problem: 'the service has no address yet' },
      {
        host: 'auto.test',
        path: '/',
        stripPrefix: false,
        tls: 'auto',
        service: 'shop_auto',
        port: 80,
        certificate: { notAfter: NOW, problem: 'ca.test cannot be asked' },
      },
    ];
    const proxy = { taskId: id('t'), service: 'http_proxy', slot: 1, node: 'a', state: 'running', current: true, message: 'running' };
    const shown = (overview: object) => runCli('http status', new FakeTransport().on('GET /v1/http', overview));
    const both = await shown({ routes, proxies: [proxy, { ...proxy, slot: 2, current: false, message: 'bad' }] });
    assertGolden('http-status', both.out);
    assert.equal(both.code, 1);
    assert.equal((await shown({ routes: routes.slice(0, 1), proxies: [proxy] })).code, 0);
    const none = await shown({ routes: [], proxies: [] });
    assert.equal(none.err, 'no service has x-http\nno proxy: start one with tsctl http enable\n');
    assert.equal(none.code, 1);
  });

  it("prints the CA's certificate", async () => {
    const found = new FakeTransport().on('GET /v1/configs', [file('http-ca.crt', Buffer.from('PEM\n').toString('base64'))]);
    assert.equal((await runCli('http ca', found)).out, 'PEM\n');
    assert.equal((await runCli('http ca', new FakeTransport().on('GET /v1/configs', []))).code, 4);
  });

  it('stops the proxy, and leaves the network to services that are on it', async () => {
    const transport = new FakeTransport()
      .on('DELETE /v1/stacks/http', { removed: ['services/http_proxy'] })
      .on('DELETE /v1/networks/http', new ApiError('in-use', 'used'));
    const { code, err } = await runCli('http disable --detach', transport);
    assert.equal(code, 0);
    assert.equal(err, '- services/http_proxy removed\nnetwork http stays: services with x-http are on it\n');
  });
});
