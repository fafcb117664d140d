import { type Static, Type } from 'typebox';
import { HostCertificate } from '../object/host-certificate.js';
import { TaskState } from '../object/task-state.js';
import { Id, Name, oneOf, Port, strictObject, Timestamp } from '../spec/common.js';
import type { RouteDefinition } from './route.js';

export const HttpOverview = strictObject({
  /** In the order in which proxies try them. */
  routes: Type.Array(
    strictObject({
      host: Type.String(),
      path: Type.String(),
      stripPrefix: Type.Boolean(),
      protocol: Type.Optional(Type.Literal('h2c')),
      tls: oneOf(['auto', 'internal', 'off', 'given']),
      service: Name,
      port: Type.Optional(Port),
      /** Of hosts with `tls: auto` that an authority certifies. */
      certificate: Type.Optional(
        strictObject({
          notAfter: Type.Optional(Timestamp),
          /** Why there is none, or none that is newer, in words. */
          problem: Type.Optional(Type.String()),
        }),
      ),
      /** Why requests for it fail at the moment, in words. */
      problem: Type.Optional(Type.String()),
    }),
  ),
  /** Tasks that read the configuration which the managers make. */
  proxies: Type.Array(
    strictObject({
      taskId: Id,
      service: Name,
      slot: Type.Optional(Type.Integer()),
      node: Type.Optional(Name),
      state: TaskState,
      /** It goes by the routes as they are now. */
      current: Type.Boolean(),
      message: Type.String(),
    }),
  ),
});
export type HttpOverview = Static<typeof HttpOverview>;

export const HTTP_ROUTE = {
  getHttp: {
    method: 'GET',
    path: '/v1/http',
    summary: 'Hosts and paths that the HTTP proxies serve, and whether each proxy has taken them over',
    access: 'viewer',
    response: HttpOverview,
  },
  renewCertificate: {
    method: 'POST',
    path: '/v1/http/certificates/:host/renew',
    summary: 'Have a host with tls: auto certified anew, whether that is due or not',
    access: 'admin',
    params: strictObject({ host: Type.String({ minLength: 1, maxLength: 253 }) }),
    response: HostCertificate,
  },
} as const satisfies Record<string, RouteDefinition>;
