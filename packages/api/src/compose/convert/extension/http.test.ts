import assert from 'node:assert/strict';
import type { HttpRule } from '../../../spec/index.js';
import { faultsOf, load, serviceOf, web } from '../../fixture.test.js';

const RULE: HttpRule = { hosts: ['app.test'], path: '/', port: 80, tls: { mode: 'auto' }, network: 'http' };
const FILES = 'secrets:\n  key: {environment: A}\n  both: {external: true, name: shared}\nconfigs:\n  crt: {content: x}\n';
const NETWORKS = 'networks:\n  edge: {external: true}\n';

const ruleOf = async (lines: string, rest = ''): Promise<HttpRule[] | undefined> =>
  serviceOf(await load(web(lines) + rest, { env: { A: 'a' } })).http;

describe('x-http', () => {
  const rows: [lines: string, change: Partial<HttpRule>, rest?: string][] = [
    ['x-http: app.test', {}],
    ['x-http: App.Test/api/', { path: '/api' }],
    ['x-http: {host: app.test}', {}],
    ['x-http: [{host: [app.test, "*.app.test"], tls: off}]', { hosts: ['app.test', '*.app.test'], tls: { mode: 'off' } }],
    ['x-http: {host: app.test, path: /api/v1, strip_prefix: true}', { path: '/api/v1', stripPrefix: true }],
    ['x-http: {host: app.test, strip_prefix: false, port: 8080}', { port: 8080 }],
    ['x-http: {host: app.test, protocol: h2c, port: 50051}', { protocol: 'h2c', port: 50051 }],
    ['x-http: {host: app.test, protocol: http}', {}],
    ['x-http: app.test\nexpose: ["3000"]', { port: 3000 }],
    ['x-http: app.test\nexpose: ["3000", "4000"]', {}],
    ['x-http: {host: app.test, tls: internal}', { tls: { mode: 'internal' } }],
    [
      'x-http: {host: app.test, tls: {cert: crt, key: key}}',
      { tls: { mode: 'given', certificate: { kind: 'configs', name: 'p_crt' }, key: { kind: 'secrets', name: 'p_key' } } },
      FILES,
    ],
    [
      'x-http: {host: app.test, tls: {cert: both}}',
      { tls: { mode: 'given', certificate: { kind: 'secrets', name: 'shared' }, key: { kind: 'secrets', name: 'shared' } } },
      FILES,
    ],
    ['x-http: {host: app.test, network: edge}\nnetworks: [edge]', { network: 'edge' }, NETWORKS],
  ];
  for (const [lines, change, rest] of rows)
    it(`reads ${lines.replaceAll('\n', ', ')}`, async () => assert.deepEqual(await ruleOf(lines, rest), [{ ...RULE, ...change }]));

  it('has the service join the network of the proxies, where its short name is not told, beside its own', async () => {
    const networksOf = async (lines: string, rest = '') => serviceOf(await load(web(lines) + rest)).template.networks;
    const own = { network: 'p_default', aliases: ['web'] };
    assert.deepEqual(await networksOf('x-http: app.test'), [own, { network: 'http', aliases: [], qualified: true }]);
    assert.deepEqual(await networksOf('x-http: {host: app.test, network: edge}\nnetworks: [edge]', NETWORKS), [
      { network: 'edge', aliases: ['web'] },
    ]);
    const joined = 'networks:\n  http: {external: true}\n';
    assert.deepEqual(await networksOf('x-http: app.test\nnetworks: [http]', joined), [{ network: 'http', aliases: ['web'] }]);
  });

  const faults: [lines: string, fault: string][] = [
    ['x-http: {path: /x}', '4:13: error: services.web.x-http[0]: names no host'],
    ['x-http: {host: "a b"}', '4:20: error: services.web.x-http[0].host[0]: "a b" is not the name of a host'],
    ['x-http: {host: "*.a.b"}', '4:20: error: services.web.x-http[0].host[0]: no certificate can be got by itself for "*.a.b"'],
    ['x-http: {host: a.b, path: "/x*"}', '4:31: error: services.web.x-http[0].path: "/x*" is not a path'],
    ['x-http: {host: a.b, path: x}', '4:31: error: services.web.x-http[0].path: "x" is not a path'],
    ['x-http: {host: a.b, port: 0}', '4:31: error: services.web.x-http.port: '],
    ['x-http: {host: a.b, prot: 80}', '4:25: error: services.web.x-http.prot: unknown key'],
    ['x-http: {host: a.b, tls: yes}', '4:25: error: services.web.x-http[0].tls: is neither auto, internal nor off'],
    ['x-http: {host: a.b, tls: {cert: none}}', "4:37: error: services.web.x-http[0].tls.cert: the secret 'none' is not defined"],
    ['x-http: {host: a.b, network: edge}', "4:34: error: services.web.x-http[0].network: the network 'edge' is not defined"],
    ['x-http: a.b\nnetwork_mode: host', '4:5: error: services.web.x-http: proxies do not reach a service with network_mode: host'],
    ['x-http: a.b\ndeploy: {mode: replicated-job}', '4:5: error: services.web.x-http: goes with services, and this is a replicated-job'],
    ['x-reload-signal: "1;2"\nconfigs: []', '4:22: error: services.web.x-reload-signal: "1;2" is not the name of a signal'],
    [
      'x-reload-signal: HUP\nx-reload-command: x',
      '5:23: error: services.web.x-reload-command: x-reload-signal and x-reload-command exclude',
    ],
    ['x-reload-command: ""', '4:23: error: services.web.x-reload-command: the command is empty'],
  ];
  for (const [lines, fault] of faults)
    it(`refuses ${lines.replaceAll('\n', ', ')} with the place`, async () => {
      const said = await faultsOf(web(lines));
      assert.ok(
        said.some((text) => text.startsWith(`compose.yml:${fault}`)),
        said.join('\n'),
      );
    });
});
