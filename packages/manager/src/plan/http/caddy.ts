import { HTTP_CA_FILES } from '@tessera/api';
import { type HttpRoute, patternsLast, type Upstream } from './routes.js';

/** As far as the proxies need it. Source: Caddy's JSON structure, version 2.6. */
export type CaddyConfig = Readonly<Record<string, unknown>>;
type Handler = Readonly<Record<string, unknown>>;

/** A service that has no task that takes connections at the moment may have one soon. */
const TRY = { try_duration: '2s', try_interval: '100ms' };
const NO_ROUTE: Handler = { handler: 'static_response', status_code: 404, body: 'no route for this host and path\n' };
const NOT_YET: Handler = { handler: 'static_response', status_code: 503, body: 'the service has no address yet\n' };
/** Requests in the clear for hosts that have a certificate. 308 keeps the method. */
const TO_HTTPS: Handler = {
  handler: 'static_response',
  status_code: 308,
  headers: { Location: ['https://{http.request.host}{http.request.uri}'] },
};

/**
 * The whole configuration of a Caddy proxy for these routes. Equal routes give equal text.
 * @param routes in the order in which they are to be tried
 * @param hasAuthority the proxies have the cluster's CA for `tls: internal`
 */
export function caddyConfig(routes: readonly HttpRoute[], hasAuthority: boolean): CaddyConfig {
  const secure = routes.filter(({ tls }) => tls !== 'off');
  const plain = routes.filter(({ tls }) => tls === 'off');
  const hosts = [...new Set(secure.map(({ host }) => host))];
  const redirects = hosts.map((host) => ({ host, handler: { match: [{ host: [host] }], terminal: true, handle: [TO_HTTPS] } }));
  const ordered = [...plain.map((route) => ({ host: route.host, handler: routeOf(route) })), ...redirects].sort(patternsLast);
  const given = secure.filter(({ tls }) => tls === 'given').map(({ host }) => host);
  return {
    // What is saved would hold keys.
    admin: { config: { persist: false } },
    apps: {
      http: {
        servers: {
          http: {
            listen: [':80'],
            protocols: ['h1', 'h2c'],
            automatic_https: { disable: true },
            routes: [...ordered.map(({ handler }) => handler), { handle: [NO_ROUTE] }],
          },
          https: {
            listen: [':443'],
            protocols: ['h1', 'h2'],
            automatic_https: { disable_redirects: true, ...(given.length > 0 && { skip_certificates: [...new Set(given)] }) },
            routes: [...secure.map(routeOf), { handle: [NO_ROUTE] }],
          },
        },
      },
      tls: tlsApp(secure),
      ...(hasAuthority && { pki: { certificate_authorities: { local: authority() } } }),
    },
  };
}

function routeOf({ host, path, stripPrefix, upstream }: HttpRoute): Handler {
  const below = path === '/' ? {} : { path: [path, `${path}/*`] };
  const strip = stripPrefix && path !== '/' ? [{ handler: 'rewrite', strip_path_prefix: path }] : [];
  return { match: [{ host: [host], ...below }], terminal: true, handle: [...strip, proxyTo(upstream)] };
}

function proxyTo(upstream: Upstream): Handler {
  switch (upstream.kind) {
    case 'address':
      return { handler: 'reverse_proxy', upstreams: [{ dial: `${upstream.address}:${upstream.port}` }], load_balancing: TRY };
    case 'name':
      return {
        handler: 'reverse_proxy',
        dynamic_upstreams: { source: 'a', name: upstream.name, port: String(upstream.port), refresh: '1s' },
        load_balancing: TRY,
      };
    case 'none':
      return NOT_YET;
  }
}

function tlsApp(secure: readonly HttpRoute[]): Record<string, unknown> {
  const internal = [...new Set(secure.filter(({ tls }) => tls === 'internal').map(({ host }) => host))];
  const given = secure.flatMap(({ certificate }) => certificate ?? []);
  const pairs = [...new Map(given.map((pair) => [pair.certificate + pair.key, pair])).values()];
  return {
    ...(pairs.length > 0 && { certificates: { load_pem: pairs } }),
    ...(internal.length > 0 && { automation: { policies: [{ subjects: internal, issuers: [{ module: 'internal' }] }] } }),
  };
}

function authority(): Record<string, unknown> {
  return {
    install_trust: false,
    root: { certificate: HTTP_CA_FILES.certificate, private_key: HTTP_CA_FILES.key, format: 'pem_file' },
  };
}
