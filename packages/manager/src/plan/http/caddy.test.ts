import assert from 'node:assert/strict';
import { caddyConfig } from './caddy.js';
import { httpFile, isHttpFile } from './file.js';
import type { HttpRoute } from './routes.js';
import { HttpWorld, httpService, rule } from './testing/http-world.js';

const ISSUERS = { off: 'none', internal: 'internal', auto: 'acme', given: 'user' } as const;
const route = (host: string, change: Partial<HttpRoute> = {}): HttpRoute => ({
  host,
  path: '/',
  stripPrefix: false,
  tls: 'off',
  issuer: ISSUERS[change.tls ?? 'off'],
  service: 'web',
  upstream: { kind: 'address', address: '10.9.240.1', port: 80 },
  ...change,
});

interface Server {
  listen: string[];
  automatic_https: Record<string, unknown>;
  routes: {
    match?: { host: string[]; path?: string[]; [key: string]: unknown }[];
    handle: { handler: string; [key: string]: unknown }[];
  }[];
}
interface Config {
  admin: unknown;
  apps: { http: { servers: { http: Server; https: Server } }; tls: unknown; pki?: unknown };
}

/** Without the first route of each server, which all have: for connections that are to end. */
const configOf = (routes: HttpRoute[], hasAuthority = false): Config =>
  withoutFarewell(caddyConfig(routes, { hasAuthority, thumbprint: 'T' }) as unknown as Config);
const withoutFarewell = (config: Config): Config => {
  for (const server of Object.values(config.apps.http.servers)) server.routes.shift();
  return config;
};
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

  it('asks by HTTP/2 without TLS, when told so', () => {
    const [first] = configOf([route('a.test', { protocol: 'h2c' })]).apps.http.servers.http.routes;
    assert.deepEqual(first?.handle[0]?.transport, { protocol: 'http', versions: ['h2c', '2'] });
    assert.equal(configOf([route('a.test')]).apps.http.servers.http.routes[0]?.handle[0]?.transport, undefined);
  });

  it('gives certificates, each once, and lets nobody be asked for others for their hosts', () => {
    const certificate = { certificate: 'CRT', key: 'KEY' };
    const routes = [route('a.test', { tls: 'given', certificate }), route('a.test', { path: '/x', tls: 'given', certificate })];
    const { apps } = configOf(routes);
    assert.deepEqual(apps.tls, { certificates: { load_pem: [certificate] } });
    assert.deepEqual(apps.http.servers.https.automatic_https.skip_certificates, ['a.test']);
  });

  it('has hosts with tls: internal certified by the CA of the cluster, and lets Caddy ask nobody for others', () => {
    const { apps } = configOf([route('a.test', { tls: 'internal' }), route('b.test', { tls: 'auto' })], true);
    assert.deepEqual(apps.http.servers.https.automatic_https.skip_certificates, ['b.test']);
    assert.deepEqual(apps.tls, { automation: { policies: [{ subjects: ['a.test'], issuers: [{ module: 'internal' }] }] } });
    assert.deepEqual(apps.pki, {
      certificate_authorities: {
        local: { install_trust: false, root: { certificate: '/etc/caddy/ca.crt', private_key: '/etc/caddy/ca.key', format: 'pem_file' } },
      },
    });
  });

  it('answers the challenges of an authority for hosts that it certifies, before all else, and for no others', () => {
    const routes = [route('a.test', { tls: 'internal' }), route('b.test', { tls: 'auto' }), route('c.test')];
    const [first, ...others] = configOf(routes).apps.http.servers.http.routes;
    const path_regexp = { name: 'challenge', pattern: '^/\\.well-known/acme-challenge/([A-Za-z0-9_-]+)$' };
    assert.deepEqual(first, {
      match: [{ host: ['b.test'], path_regexp }],
      terminal: true,
      handle: [{ handler: 'static_response', status_code: 200, body: '{http.regexp.challenge.1}.T' }],
    });
    assert.ok(others.every(({ match }) => match?.[0]?.path_regexp === undefined));
    const withoutAccount = caddyConfig(routes, { hasAuthority: true }) as unknown as Config;
    assert.equal(withoutAccount.apps.http.servers.http.routes.length, others.length + 1);
  });

  it('tells clients that keep connections which answer is the last one, and has an address of its own by which newer Caddy know when', () => {
    const { http, https } = (caddyConfig([route('a.test')], { hasAuthority: false }) as unknown as Config).apps.http.servers;
    for (const { routes } of [http, https]) {
      assert.deepEqual(routes[0]?.handle, [{ handler: 'headers', response: { set: { Connection: ['close'] } } }]);
      assert.equal(routes[0]?.match?.[0]?.expression, '{http.shutting_down} == true');
    }
    const listen = (host: string): string[] => configOf([route(host)]).apps.http.servers.http.listen;
    assert.deepEqual(listen('a.test'), http.listen);
    assert.match(listen('a.test')[1] ?? '', /^127\.\d+\.\d+\.\d+:180$/);
    assert.equal(listen('b.test')[0], ':80');
    assert.notEqual(listen('b.test')[1], listen('a.test')[1]);
  });

  it('is a secret that changes when what it is made of does, and only then', () => {
    const world = new HttpWorld(httpService('web', [rule('a.test')]));
    const first = httpFile(world.view);
    assert.ok(first.secret && isHttpFile(first.id) && first.id.length <= 64);
    assert.equal(JSON.parse(atob(first.data)).apps.http.servers.http.routes.length, 3);
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
