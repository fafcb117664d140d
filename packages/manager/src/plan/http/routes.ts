import type { HttpFile, HttpRule, Service } from '@tessera/api';
import { contentOf } from '../../model/content.js';
import type { ClusterView } from '../../model/view.js';
import { wantsVip } from '../vips.js';

/** Where a proxy finds a service: at its virtual address, by a name that stands for its tasks, or nowhere at the moment. */
export type Upstream = { kind: 'address'; address: string; port: number } | { kind: 'name'; name: string; port: number } | { kind: 'none' };

/** Certificate chain and key in PEM. */
export interface Certificate {
  certificate: string;
  key: string;
}

/** One host and path that go to one service. */
export interface HttpRoute {
  host: string;
  path: string;
  stripPrefix: boolean;
  tls: 'auto' | 'internal' | 'off' | 'given';
  /** With `given`; absent when the config or secret that holds it is not there. */
  certificate?: Certificate;
  service: string;
  upstream: Upstream;
}

const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[A-Za-z0-9+/=\s]+-----END \1-----/g;

/**
 * All routes of the cluster in the order in which they are to be tried: hosts before patterns of hosts, longer paths before shorter
 * ones. The same for the same view. Should two services have the same host and path in spite of all checks, the older one keeps it.
 */
export function httpRoutes(view: ClusterView): HttpRoute[] {
  const routes = new Map<string, HttpRoute>();
  const services = [...view.all('services')].filter(({ spec }) => spec.http).sort(byAge);
  for (const service of services) {
    for (const rule of service.spec.http ?? []) {
      for (const route of routesOf(view, service, rule)) {
        const key = routeKey(route);
        if (!routes.has(key)) routes.set(key, route);
      }
    }
  }
  return [...routes.values()].sort(inOrder);
}

/** What no two routes have in common. Proxies compare paths without regard to case. */
export function routeKey({ host, path }: Pick<HttpRoute, 'host' | 'path'>): string {
  return `${host}${path.toLowerCase()}`;
}

function routesOf(view: ClusterView, service: Service, { hosts, path, stripPrefix, port, tls, network }: HttpRule): HttpRoute[] {
  const certificate = tls.mode === 'given' ? certificateOf(view, tls.certificate, tls.key) : undefined;
  const upstream = upstreamOf(view, service, network, port);
  return hosts.map((host) => ({
    host,
    path,
    stripPrefix: stripPrefix === true,
    tls: tls.mode,
    ...(certificate && { certificate }),
    service: service.spec.name,
    upstream,
  }));
}

function upstreamOf(view: ClusterView, service: Service, networkName: string, port: number): Upstream {
  const network = view.byName('networks', networkName);
  if (!network) return { kind: 'none' };
  if (!wantsVip(service)) return { kind: 'name', name: `tasks.${service.spec.name}`, port };
  for (const vip of view.vipsOfService(service.id))
    if (vip.networkId === network.id) return { kind: 'address', address: vip.address, port };
  return { kind: 'none' };
}

/** Both may be in one file. */
function certificateOf(view: ClusterView, certificate: HttpFile, key: HttpFile): Certificate | undefined {
  const chain = blocksOf(view, certificate).filter(({ label }) => label === 'CERTIFICATE');
  const keys = blocksOf(view, key).filter(({ label }) => label.endsWith('PRIVATE KEY'));
  if (chain.length === 0 || !keys[0]) return undefined;
  return { certificate: chain.map(({ text }) => text).join('\n'), key: keys[0].text };
}

function blocksOf(view: ClusterView, file: HttpFile): { label: string; text: string }[] {
  const data = contentOf(view, file);
  if (data === undefined) return [];
  return [...atob(data).matchAll(PEM_BLOCK)].map(([text, label = '']) => ({ label, text }));
}

function byAge(a: Service, b: Service): number {
  return a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1);
}

function inOrder(a: HttpRoute, b: HttpRoute): number {
  return patternsLast(a, b) || compare(a.host, b.host) || b.path.length - a.path.length || compare(a.path, b.path);
}

/** What is for `*.example.com` must not take what goes to a host of its own. */
export function patternsLast(a: { host: string }, b: { host: string }): number {
  return Number(a.host.startsWith('*')) - Number(b.host.startsWith('*'));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
