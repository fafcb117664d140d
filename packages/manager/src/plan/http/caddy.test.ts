import assert from 'node:assert/strict';
import { caddyConfig } from './caddy.js';
import { httpFile, isHttpFile } from './file.js';
import type { HttpRoute } from './routes.js';
import { HttpWorld, httpService, rule } from './testing/http-world.js';

const route = (host: string, change: Partial<HttpRoute> = {}): HttpRoute => ({
  host,
  path: '/',
  stripPrefix: false,
  tls: 'off',
  service: 'web',
  upstream: { kind: 'address', address: '10.9.240.1', port: 80 },
  ...change,
});

interface Server {
  automatic_https: Record<string, unknown>;
  routes: { match?: { host: string[]; path?: string[] }[]; handle: { handler: string; [key: string]: unknown }[] }[];
}
interface Config {
  admin: unknown;
  apps: { http: { servers: { http: Server; https: Server } }; tls: unknown; pki?: unknown };
}

const configOf = (routes: HttpRoute[], hasAuthority = false): Config => caddyConfig(routes, hasAuthority) as unknown as Config;
const words = ({ routes }: Server): string[] =>
  routes.map(({ match, handle }) =>
    [match?.[0]?.host, match?.[0]?.path, ...handle.map(({ handler }) => handler)].filter(Boolean).join(' '),
  );

describe("Caddy's configuration", () => {
  it('answers 404 where there is no route, and writes nothing with keys to disk', () => {
    const { admin, apps } = configOf([]);
    assert.deepEqual(admin, { config: { persist: false } });
    for (const server of [apps.http.servers.http, apps.http.servers.https])
      assert.deepEqual(
        server.routes.map(({ handle }) => handle[0]?.status_code),
        [404],
      );
    assert.deepEqual([apps.tls, apps.pki], [{}, undefined]);
  });

  it('serves hosts without TLS on the one port, and sends those with TLS from there to the other', () => {
    const { http, https } = configOf([route('a.test', { tls: 'internal' }), route('b.test'), route('b.test', { path: '/x', tls: 'off' })])
      .apps.http.servers;
    assert.deepEqual(words(http), ['b.test reverse_proxy', 'b.test /x,/x/* reverse_proxy', 'a.test static_response', 'static_response']);
    assert.deepEqual(words(https), ['a.test reverse_proxy', 'static_response']);
    assert.equal(http.routes[2]?.handle[0]?.status_code, 308);
  });

  it('does not hide a host behind the redirect of a pattern', () => {
    const routes = [route('a.test', { tls: 'internal' }), route('*.test', { tls: 'internal' }), route('z.test')];
    assert.deepEqual(words(configOf(routes).apps.http.servers.http), [
      'z.test reverse_proxy',
      'a.test static_response',
      '*.test static_response',
      'static_response',
    ]);
    const plainPattern = [route('a.test', { tls: 'internal' }), route('*.test')];
    assert.deepEqual(words(configOf(plainPattern).apps.http.servers.http), [
      'a.test static_response',
      '*.test reverse_proxy',
      'static_response',
    ]);
  });

  it('takes the prefix off before it asks the service, when told so', () => {
    const [stripped] = configOf([route('a.test', { path: '/api', stripPrefix: true })]).apps.http.servers.http.routes;
    assert.deepEqual(stripped?.handle[0], { handler: 'rewrite', strip_path_prefix: '/api' });
    assert.deepEqual(words(configOf([route('a.test', { stripPrefix: true })]).apps.http.servers.http)[0], 'a.test reverse_proxy');
  });

  const upstreams: [HttpRoute['upstream'], object][] = [
    [{ kind: 'address', address: '10.9.0.1', port: 8080 }, { upstreams: [{ dial: '10.9.0.1:8080' }] }],
    [{ kind: 'name', name: 'tasks.s_w', port: 80 }, { dynamic_upstreams: { source: 'a', name: 'tasks.s_w', port: '80', refresh: '1s' } }],
    [{ kind: 'none' }, { handler: 'static_response', status_code: 503 }],
  ];
  for (const [upstream, expected] of upstreams)
    it(`asks a service ${upstream.kind === 'none' ? 'that has no address not at all' : `by ${upstream.kind}`}`, () => {
      const [first] = configOf([route('a.test', { upstream })]).apps.http.servers.http.routes;
      assert.deepEqual({ ...first?.handle[0], ...expected }, first?.handle[0]);
    });

  it('gives certificates, each once, and lets nobody be asked for others for their hosts', () => {
    const certificate = { certificate: 'CRT', key: 'KEY' };
    const routes = [route('a.test', { tls: 'given', certificate }), route('a.test', { path: '/x', tls: 'given', certificate })];
    const { apps } = configOf(routes);
    assert.deepEqual(apps.tls, { certificates: { load_pem: [certificate] } });
    assert.deepEqual(apps.http.servers.https.automatic_https.skip_certificates, ['a.test']);
  });

  it('has hosts with tls: internal certified by the CA of the cluster, and leaves tls: auto to Caddy', () => {
    const { apps } = configOf([route('a.test', { tls: 'internal' }), route('b.test', { tls: 'auto' })], true);
    assert.deepEqual(apps.tls, { automation: { policies: [{ subjects: ['a.test'], issuers: [{ module: 'internal' }] }] } });
    assert.deepEqual(apps.pki, {
      certificate_authorities: {
        local: { install_trust: false, root: { certificate: '/etc/caddy/ca.crt', private_key: '/etc/caddy/ca.key', format: 'pem_file' } },
      },
    });
  });

  it('is a secret that changes when what it is made of does, and only then', () => {
    const world = new HttpWorld(httpService('web', [rule('a.test')]));
    const first = httpFile(world.view);
    assert.ok(first.secret && isHttpFile(first.id) && first.id.length <= 64);
    assert.equal(JSON.parse(atob(first.data)).apps.http.servers.http.routes.length, 2);
    world.deploy(httpService('web', [rule('a.test')], (spec) => (spec.mode = { kind: 'replicated', replicas: 3 })));
    assert.deepEqual(httpFile(world.view), first);
    world.deploy(httpService('web', [rule('a.test', { port: 81 })]));
    assert.notEqual(httpFile(world.view).id, first.id);
    world.file('configs', 'http-ca.crt', 'x');
    const withoutKey = httpFile(world.view);
    world.file('secrets', 'http-ca.key', 'y');
    assert.notEqual(httpFile(world.view).id, withoutKey.id);
  });
});
