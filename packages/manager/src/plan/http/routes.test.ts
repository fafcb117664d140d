import assert from 'node:assert/strict';
import fc from 'fast-check';
import { httpRoutes, routeKey } from './routes.js';
import { HttpWorld, httpService, rule } from './testing/http-world.js';

const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----';
const KEY = '-----BEGIN PRIVATE KEY-----\nMQ==\n-----END PRIVATE KEY-----';
const GIVEN = {
  mode: 'given' as const,
  certificate: { kind: 'configs' as const, name: 'crt' },
  key: { kind: 'secrets' as const, name: 'key' },
};

const words = (world: HttpWorld): string[] => httpRoutes(world.view).map(({ host, path, service }) => `${host}${path} ${service}`);

describe('routes of HTTP', () => {
  it('lead to the virtual address of the service on the network of the proxies', () => {
    const world = new HttpWorld(httpService('web', [rule('a.test', { port: 8080, stripPrefix: true, path: '/x' })]));
    assert.deepEqual(httpRoutes(world.view), [
      {
        host: 'a.test',
        path: '/x',
        stripPrefix: true,
        tls: 'off',
        issuer: 'none',
        service: 'web',
        upstream: { kind: 'address', address: '10.9.240.1', port: 8080 },
      },
    ]);
  });

  it('lead to the tasks by name where there is no virtual address, and nowhere as long as none was given', () => {
    const world = new HttpWorld(httpService('robin', [rule('b.test')], (spec) => (spec.endpointMode = 'dnsrr')));
    world.deploy(httpService('fresh', [rule('a.test')]), { withVip: false });
    world.deploy(httpService('lost', [rule('c.test', { network: 'gone' })]));
    assert.deepEqual(
      httpRoutes(world.view).map(({ upstream }) => upstream),
      [{ kind: 'none' }, { kind: 'name', name: 'tasks.robin', port: 80 }, { kind: 'none' }],
    );
  });

  it('lead to the tasks by name where one connection carries all requests', () => {
    const world = new HttpWorld(httpService('grpc', [rule('g.test', { protocol: 'h2c', port: 50051 })]));
    const [route] = httpRoutes(world.view);
    assert.deepEqual([route?.protocol, route?.upstream], ['h2c', { kind: 'name', name: 'tasks.grpc', port: 50051 }]);
  });

  it('are tried hosts before patterns of hosts, longer paths before shorter ones', () => {
    const world = new HttpWorld(
      httpService('any', [rule('*.test')]),
      httpService('web', [rule('b.test'), rule('b.test', { path: '/api' }), rule('b.test', { path: '/api/v1' }), rule('a.test')]),
    );
    assert.deepEqual(words(world), ['a.test/ web', 'b.test/api/v1 web', 'b.test/api web', 'b.test/ web', '*.test/ any']);
  });

  it('belong to the older service should two have the same, whatever the case of the path', () => {
    const world = new HttpWorld(
      httpService('older', [rule('a.test', { path: '/Api' })]),
      httpService('newer', [rule('a.test', { path: '/api' })]),
    );
    assert.deepEqual(words(world), ['a.test/Api older']);
  });

  it('have the certificate and the key, of the newest content, and none when one of them is missing', () => {
    const world = new HttpWorld(httpService('web', [rule('a.test', { tls: GIVEN })]));
    assert.equal(httpRoutes(world.view)[0]?.certificate, undefined);
    world.file('configs', 'crt', `a word before\n${CERTIFICATE}\n${CERTIFICATE}\n`);
    assert.equal(httpRoutes(world.view)[0]?.certificate, undefined);
    world.file('secrets', 'key', KEY);
    assert.deepEqual(httpRoutes(world.view)[0]?.certificate, { certificate: `${CERTIFICATE}\n${CERTIFICATE}`, key: KEY });
    world.file('secrets', 'key', KEY.replace('MQ', 'Mg'));
    assert.equal(httpRoutes(world.view)[0]?.certificate?.key, KEY.replace('MQ', 'Mg'));
  });

  it('are one for each host and path, of a service that asks for it, in an order that depends on nothing else', () => {
    const anyRule = fc
      .record({ host: fc.constantFrom('a.test', 'b.test', '*.test', 'x.a.test'), path: fc.constantFrom('/', '/a', '/a/b', '/A', '/b') })
      .map(({ host, path }) => rule(host, { path }));
    const anyServices = fc.array(fc.array(anyRule, { minLength: 1, maxLength: 4 }), { maxLength: 6 });
    fc.assert(
      fc.property(anyServices, fc.infiniteStream(fc.nat()), (services, shuffle) => {
        const specs = services.map((rules, at) => httpService(`s${at}`, rules));
        const world = new HttpWorld(...specs);
        const routes = httpRoutes(world.view);
        const asked = new Set(specs.flatMap(({ http = [] }) => http.map(({ hosts, path }) => routeKey({ host: hosts[0] ?? '', path }))));
        assert.deepEqual(new Set(routes.map(routeKey)), asked);
        assert.equal(new Set(routes.map(routeKey)).size, routes.length);
        for (const [at, route] of routes.entries()) {
          assert.ok(specs.find(({ name }) => name === route.service)?.http?.some(({ hosts }) => hosts.includes(route.host)));
          const shadowed = routes
            .slice(at + 1)
            .find(
              (later) =>
                later.host === route.host && later.path.startsWith(`${route.path.replace(/\/$/, '')}/`) && later.path !== route.path,
            );
          assert.equal(shadowed, undefined, 'nothing is hidden by what is tried before it');
        }
        // The same objects that came to the view in another order.
        const other = new HttpWorld();
        const objects = [...world.view.all('services')]
          .map((object) => ({ object, key: shuffle.next().value ?? 0 }))
          .sort((a, b) => a.key - b.key);
        for (const { object } of objects) other.put('services', object);
        for (const vip of world.view.all('vips')) other.put('vips', vip);
        assert.deepEqual(httpRoutes(other.view), routes);
      }),
    );
  });
});
