import { canonicalJson, HTTP_CA_FILES, textHash } from '@tessera/api';
import { type HttpRoute, patternsLast, type Upstream } from './routes.js';

/** As far as the proxies need it. Source: Caddy's JSON structure, version 2.6. */
export type CaddyConfig = Readonly<Record<string, unknown>>;
type Handler = Readonly<Record<string, unknown>>;

/** A service that has no task that takes connections at the moment may have one soon. */
const TRY = { try_duration: '2s', try_interval: '100ms' };
/** HTTP/2 without TLS. */
const H2C = { protocol: 'http', versions: ['h2c', '2'] };
const NO_ROUTE: Handler = { handler: 'static_response', status_code: 404, body: 'no route for this host and path\n' };
const NOT_YET: Handler = { handler: 'static_response', status_code: 503, body: 'the service has no address yet\n' };
/** Requests in the clear for hosts that have a certificate. 308 keeps the method. */
const TO_HTTPS: Handler = {
  handler: 'static_response',
  status_code: 308,
  headers: { Location: ['https://{http.request.host}{http.request.uri}'] },
};

/** For so long connections that are to end, because Caddy ends or goes by a new configuration, get a last answer that says so. */
const FAREWELL = '1s';
/** Clients that keep connections hear with an answer that it is the last one, instead of a reset for their next request. */
const LAST_ANSWER: Handler = {
  match: [{ expression: '{http.shutting_down} == true', not: [{ header: { Upgrade: ['*'] } }] }],
  handle: [{ handler: 'headers', response: { set: { Connection: ['close'] } } }],
};

/** What the configuration depends on besides the routes. */
export interface ProxyFacts {
  /** The proxies have the cluster's CA for hosts that the internal one certifies. */
  hasAuthority: boolean;
  /** Of the key of the account at the ACME authority, when there is one. */
  thumbprint?: string | undefined;
}

/**
 * The whole configuration of a Caddy proxy for these routes. Equal routes give equal text.
 * @param routes in the order in which they are to be tried
 */
export function caddyConfig(routes: readonly HttpRoute[], facts: ProxyFacts): CaddyConfig {
  const secure = routes.filter(({ issuer }) => issuer !== 'none');
  const uncertified = hostsOf(secure.filter(({ issuer }) => issuer !== 'internal'));
  const http = [...challenges(routes, facts), ...plainRoutes(routes)];
  const https = secure.map(routeOf);
  const tls = tlsApp(secure);
  const mark = textHash(canonicalJson([http, https, tls, facts.hasAuthority]));
  return {
    // What is saved would hold keys.
    admin: { config: { persist: false } },
    apps: {
      http: {
        shutdown_delay: FAREWELL,
        servers: {
          http: {
            ...serverOf('80', ['h1', 'h2c'], http, mark),
            automatic_https: { disable: true },
          },
          https: {
            ...serverOf('443', ['h1', 'h2'], https, mark),
            automatic_https: { disable_redirects: true, ...(uncertified.length > 0 && { skip_certificates: uncertified }) },
          },
        },
      },
      tls,
      ...(facts.hasAuthority && { pki: { certificate_authorities: { local: authority() } } }),
    },
  };
}

/**
 * Caddy from 2.7 on lets old connections know that they end only when an address that it listens on goes: each configuration
 * has one of its own, which nobody asks, beside the port.
 */
function serverOf(port: string, protocols: readonly string[], routes: readonly Handler[], mark: string): Record<string, unknown> {
  const octets = [0, 2, 4].map((at) => Number.parseInt(mark.slice(at, at + 2), 16));
  return { listen: [`:${port}`, `127.${octets.join('.')}:1${port}`], protocols, routes: [LAST_ANSWER, ...routes, { handle: [NO_ROUTE] }] };
}

/** What is served without TLS: routes, and the way to TLS for hosts that have it. */
function plainRoutes(routes: readonly HttpRoute[]): Handler[] {
  const plain = routes.filter(({ issuer }) => issuer === 'none').map((route) => ({ host: route.host, handler: routeOf(route) }));
  const redirects = hostsOf(routes.filter(({ issuer }) => issuer !== 'none')).map((host) => ({
    host,
    handler: { match: [{ host: [host] }], terminal: true, handle: [TO_HTTPS] },
  }));
  return [...plain, ...redirects].sort(patternsLast).map(({ handler }) => handler);
}

/**
 * Answers to an ACME authority's challenges `http-01`: the token that it asks for and the thumbprint of the account's key (RFC 8555, 8.3). No
 * proxy has to be told of a challenge, whichever of them the authority asks.
 */
function challenges(routes: readonly HttpRoute[], { thumbprint }: ProxyFacts): Handler[] {
  const hosts = hostsOf(routes.filter(({ issuer }) => issuer === 'acme'));
  if (thumbprint === undefined || hosts.length === 0) return [];
  const path_regexp = { name: 'challenge', pattern: '^/\\.well-known/acme-challenge/([A-Za-z0-9_-]+)$' };
  const body = `{http.regexp.challenge.1}.${thumbprint}`;
  return [{ match: [{ host: hosts, path_regexp }], terminal: true, handle: [{ handler: 'static_response', status_code: 200, body }] }];
}

function hostsOf(routes: readonly HttpRoute[]): string[] {
  return [...new Set(routes.map(({ host }) => host))];
}

function routeOf({ host, path, stripPrefix, protocol, upstream }: HttpRoute): Handler {
  const below = path === '/' ? {} : { path: [path, `${path}/*`] };
  const strip = stripPrefix && path !== '/' ? [{ handler: 'rewrite', strip_path_prefix: path }] : [];
  return {
    match: [{ host: [host], ...below }],
    terminal: true,
    handle: [...strip, { ...proxyTo(upstream), ...(protocol && upstream.kind !== 'none' && { transport: H2C }) }],
  };
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
  const internal = hostsOf(secure.filter(({ issuer }) => issuer === 'internal'));
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
