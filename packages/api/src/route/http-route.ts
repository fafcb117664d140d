import { type Static, Type } from 'typebox';
import { TaskState } from '../object/task-state.js';
import { Id, Name, oneOf, Port, strictObject } from '../spec/common.js';
import type { RouteDefinition } from './route.js';

export const HttpOverview = strictObject({
  /** In the order in which proxies try them. */
  routes: Type.Array(
    strictObject({
      host: Type.String(),
      path: Type.String(),
      stripPrefix: Type.Boolean(),
      tls: oneOf(['auto', 'internal', 'off', 'given']),
      service: Name,
      port: Type.Optional(Port),
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
} as const satisfies Record<string, RouteDefinition>;
