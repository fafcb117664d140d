import type { HttpRule, Service } from '@tessera/api';
import { contentOf } from '../../model/content.js';
import type { ClusterView } from '../../model/view.js';
import { wantsVip } from '../vips.js';
import { type AcmeAccount, acmeAccount, acmeCertificate, isByAcme } from './acme.js';

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
  /** How the service is asked: by HTTP/2 without TLS instead of HTTP/1.1. */
  protocol?: 'h2c';
  tls: 'auto' | 'internal' | 'off' | 'given';
  /** Who certifies the host: nobody, the internal CA, an authority by ACME, or the user. */
  issuer: 'none' | 'internal' | 'acme' | 'user';
  /** Of the last two; absent when there is none yet, or the config or secret that holds it is not there. */
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
  const account = acmeAccount(view);
  for (const service of services) {
    for (const rule of service.spec.http ?? []) {
      for (const route of routesOf(view, service, rule, account)) {
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

function routesOf(view: ClusterView, service: Service, rule: HttpRule, account: AcmeAccount | string): HttpRoute[] {
  const { hosts, path, stripPrefix, protocol, tls } = rule;
  const upstream = upstreamOf(view, service, rule);
  return hosts.map((host) => ({
    host,
    path,
    stripPrefix: stripPrefix === true,
    ...(protocol && { protocol }),
    tls: tls.mode,
    ...certified(view, host, tls, account),
    service: service.spec.name,
    upstream,
  }));
}

function certified(
  view: ClusterView,
  host: string,
  tls: HttpRule['tls'],
  account: AcmeAccount | string,
): Pick<HttpRoute, 'issuer' | 'certificate'> {
  if (tls.mode === 'off') return { issuer: 'none' };
  if (tls.mode === 'internal' || (tls.mode === 'auto' && !isByAcme(host, account))) return { issuer: 'internal' };
  const certificate =
    tls.mode === 'given'
      ? certificateIn(contentOf(view, tls.certificate), contentOf(view, tls.key))
      : certificateIn(acmeCertificate(view, host), acmeCertificate(view, host));
  return { issuer: tls.mode === 'given' ? 'user' : 'acme', ...(certificate && { certificate }) };
}

/** By h2c all requests would go over one connection, and so to one task: the proxies choose among the tasks themselves. */
function upstreamOf(view: ClusterView, service: Service, rule: HttpRule): Upstream {
  const { port, protocol } = rule;
  const network = view.byName('networks', rule.network);
  if (!network) return { kind: 'none' };
  if (!wantsVip(service) || protocol === 'h2c') return { kind: 'name', name: `tasks.${service.spec.name}`, port };
  for (const vip of view.vipsOfService(service.id))
    if (vip.networkId === network.id) return { kind: 'address', address: vip.address, port };
  return { kind: 'none' };
}

/** Of contents in base64, which may be one. */
function certificateIn(certificate: string | undefined, key: string | undefined): Certificate | undefined {
  const chain = blocksOf(certificate).filter(({ label }) => label === 'CERTIFICATE');
  const keys = blocksOf(key).filter(({ label }) => label.endsWith('PRIVATE KEY'));
  if (chain.length === 0 || !keys[0]) return undefined;
  return { certificate: chain.map(({ text }) => text).join('\n'), key: keys[0].text };
}

function blocksOf(data = ''): { label: string; text: string }[] {
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
