import {
  HTTP_HOST_PATTERN,
  HTTP_NETWORK,
  HTTP_PATH_PATTERN,
  type HttpFile,
  type HttpRule,
  type HttpTls,
  type NetworkAttachment,
} from '../../../spec/index.js';
import type { Path } from '../../diagnostic.js';
import { type ConvertContext, compact } from '../context.js';
import type { ComposeHttpRule, ComposeService } from '../model.js';

const HOST = new RegExp(HTTP_HOST_PATTERN);
const PATH = new RegExp(HTTP_PATH_PATTERN);
const DEFAULT_PORT = 80;
const MAX_HOST_LENGTH = 253;
const MODES = { auto: 'auto', internal: 'internal', off: 'off' } as const;

/** `x-http`: which requests the cluster's HTTP proxies send to the service. */
export function convertHttp(service: ComposeService, path: Path, context: ConvertContext): HttpRule[] | undefined {
  const written = service['x-http'];
  if (written === undefined || written.length === 0) return undefined;
  const place = [...path, 'x-http'];
  if (service.network_mode !== undefined && service.network_mode !== 'bridge') {
    context.error(place, `proxies do not reach a service with network_mode: ${service.network_mode}`, 'take network_mode out');
    return undefined;
  }
  if (service.deploy?.mode?.endsWith('job')) {
    context.error(place, `goes with services, and this is a ${service.deploy.mode}: jobs take no requests`, 'take it out');
    return undefined;
  }
  return written.map((rule, index) => convertRule(rule, service, [...place, index], context));
}

/** What the rules' networks add to those that the service joins by itself. */
export function httpAttachments(rules: readonly HttpRule[] = [], joined: readonly NetworkAttachment[]): NetworkAttachment[] {
  const isShared = rules.some(({ network }) => network === HTTP_NETWORK) && !joined.some(({ network }) => network === HTTP_NETWORK);
  return isShared ? [{ network: HTTP_NETWORK, aliases: [], qualified: true }] : [];
}

function convertRule(rule: ComposeHttpRule, service: ComposeService, path: Path, context: ConvertContext): HttpRule {
  const [first = ''] = rule.host ?? [];
  const slash = rule.path === undefined && rule.host?.length === 1 ? first.indexOf('/') : -1;
  const hosts = slash < 0 ? (rule.host ?? []) : [first.slice(0, slash)];
  const below = trimmed(slash < 0 ? (rule.path ?? '/') : first.slice(slash));
  const tls = convertTls(rule.tls, [...path, 'tls'], context);
  if (hosts.length === 0) context.error(path, 'names no host', "write 'host: app.example.com'");
  for (const [index, host] of hosts.entries()) checkHost(host, tls, [...path, 'host', index], context);
  if (!PATH.test(below))
    context.error(
      rule.path === undefined ? path : [...path, 'path'],
      `"${below}" is not a path`,
      "write one that begins with '/', such as /api; it stands for all below it",
    );
  return {
    hosts: hosts.map((host) => host.toLowerCase()),
    path: below,
    ...compact({ stripPrefix: rule.strip_prefix ? (true as const) : undefined }),
    ...compact({ protocol: rule.protocol === 'h2c' ? ('h2c' as const) : undefined }),
    port: rule.port ?? exposedPort(service) ?? DEFAULT_PORT,
    tls,
    network: convertNetwork(rule.network, service, [...path, 'network'], context),
  };
}

function trimmed(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

function checkHost(host: string, tls: HttpTls, path: Path, context: ConvertContext): void {
  if (!HOST.test(host.toLowerCase()) || host.length > MAX_HOST_LENGTH)
    context.error(path, `"${host}" is not the name of a host`, "write one such as app.example.com, or '*.example.com'");
  else if (host.startsWith('*') && tls.mode === 'auto')
    context.error(path, `no certificate can be got by itself for "${host}"`, 'write tls: internal or off, or give a certificate');
}

/** The only port that the service says it listens on. */
function exposedPort({ expose }: ComposeService): number | undefined {
  const [only, ...more] = expose ?? [];
  const port = Number(only?.replace(/\/tcp$/, ''));
  return more.length === 0 && Number.isInteger(port) && port > 0 ? port : undefined;
}

function convertTls(written: ComposeHttpRule['tls'], path: Path, context: ConvertContext): HttpTls {
  if (written === undefined) return { mode: 'auto' };
  const { mode, cert, key } = written;
  if (cert === undefined) {
    const known = mode !== undefined && Object.hasOwn(MODES, mode) ? MODES[mode as keyof typeof MODES] : undefined;
    if (known === undefined || key !== undefined)
      context.error(path, 'is neither auto, internal nor off, nor a certificate', 'write one of these words, or {cert: NAME, key: NAME}');
    return { mode: known ?? 'auto' };
  }
  if (mode !== undefined) context.error([...path, 'mode'], 'mode and cert exclude each other', 'keep one of them');
  return {
    mode: 'given',
    certificate: fileOf(cert, [...path, 'cert'], context),
    key: fileOf(key ?? cert, [...path, key === undefined ? 'cert' : 'key'], context, ['secrets']),
  };
}

/** A secret or config of the file, by its key. */
function fileOf(name: string, path: Path, context: ConvertContext, kinds: readonly HttpFile['kind'][] = ['secrets', 'configs']): HttpFile {
  const kind = kinds.find((each) => Object.hasOwn(context.model[each] ?? {}, name)) ?? 'secrets';
  context.requireDeclared(kind, name, path);
  return { kind, name: context.fullName(name, context.model[kind]?.[name]) };
}

function convertNetwork(key: string | undefined, service: ComposeService, path: Path, context: ConvertContext): string {
  if (key === undefined) return HTTP_NETWORK;
  const declared = context.model.networks?.[key];
  const isJoined = Object.keys(service.networks ?? {}).includes(key);
  if (context.requireDeclared('networks', key, path) && !isJoined)
    context.error(path, `the service is not on the network '${key}'`, "name it under the service's 'networks:' as well");
  return context.fullName(key, declared);
}
