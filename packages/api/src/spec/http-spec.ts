import { type Static, Type } from 'typebox';
import { Name, oneOf, Port, strictObject } from './common.js';
import type { ContainerSpec } from './container-spec.js';

/** Network that the HTTP proxies share with the services that they ask, unless a rule names another one. */
export const HTTP_NETWORK = 'http';
/** Name of the secret that the managers make: the configuration of the HTTP proxies. */
export const HTTP_CONFIG = 'tessera.http';
/** The CA of `tls: internal`: certificate (a config) and key (a secret). Without them each proxy makes one of its own. */
export const HTTP_CA = { certificate: 'http-ca.crt', key: 'http-ca.key' } as const;
/** Where the proxies find them. */
export const HTTP_CA_FILES = { certificate: '/etc/caddy/ca.crt', key: '/etc/caddy/ca.key' } as const;

/** Lower-case labels with dots between; the first may be `*`. Source: RFC 1123. */
const LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
export const HTTP_HOST_PATTERN = `^(\\*\\.)?${LABEL}(\\.${LABEL})*$`;
/** Begins with a slash, ends without one; no `*`, which proxies take for more than itself, and nothing that must be escaped. */
export const HTTP_PATH_PATTERN = "^(/|(/[A-Za-z0-9._~!$&'()+,;=:@-]+)+)$";

export const HttpFile = strictObject({ kind: oneOf(['configs', 'secrets']), name: Name });
export type HttpFile = Static<typeof HttpFile>;

/** `auto`: what the proxy gets by itself, from Let's Encrypt for public names. `off`: no TLS at all. */
export const HttpTls = Type.Union([
  strictObject({ mode: oneOf(['auto', 'internal', 'off']) }),
  strictObject({ mode: Type.Literal('given'), certificate: HttpFile, key: HttpFile }),
]);
export type HttpTls = Static<typeof HttpTls>;

/** Requests for one of the hosts, at the path or below it, go to the service. */
export const HttpRule = strictObject({
  hosts: Type.Array(Type.String({ pattern: HTTP_HOST_PATTERN, maxLength: 253 }), { minItems: 1, maxItems: 64 }),
  path: Type.String({ pattern: HTTP_PATH_PATTERN, maxLength: 1024 }),
  /** The service is asked without the path in front. */
  stripPrefix: Type.Optional(Type.Literal(true)),
  /** That the service listens on. */
  port: Port,
  /** `h2c`: the service is asked by HTTP/2 without TLS, as gRPC needs it. Else by HTTP/1.1. */
  protocol: Type.Optional(Type.Literal('h2c')),
  tls: HttpTls,
  /** Full name of the network on which the proxy reaches the service. */
  network: Name,
});
export type HttpRule = Static<typeof HttpRule>;

/** The config or secret that certifies a host, and the one with its key, where they are given. Both may be one. */
export function certificateFiles(tls: HttpTls): HttpFile[] {
  return tls.mode === 'given' ? [tls.certificate, tls.key] : [];
}

/** Whether tasks of the template are HTTP proxies: they mount the configuration that the managers make. */
export function readsHttpConfig({ container }: { container: Pick<ContainerSpec, 'secrets'> }): boolean {
  return container.secrets.some(({ source }) => source === HTTP_CONFIG);
}
