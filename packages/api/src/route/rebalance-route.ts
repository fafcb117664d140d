import { type Static, Type } from 'typebox';
import { Id, Name, strictObject } from '../spec/common.js';
import type { RouteDefinition } from './route.js';

export const RebalanceResult = strictObject({
  /** In the order in which they are worth most. */
  moves: Type.Array(strictObject({ taskId: Id, service: Name, slot: Type.Optional(Type.Integer()), from: Name, to: Name })),
  /** Services that are left as they are, and why. */
  skipped: Type.Array(strictObject({ service: Name, reason: Type.String() })),
});
export type RebalanceResult = Static<typeof RebalanceResult>;

export const REBALANCE_ROUTE = {
  rebalance: {
    method: 'POST',
    path: '/v1/rebalance',
    summary: 'Move tasks to where the scheduler would put them now, if that makes their spread more even',
    access: 'admin',
    body: strictObject({
      service: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
      /** Most moves in all. */
      max: Type.Integer({ minimum: 1, maximum: 10_000 }),
      dryRun: Type.Boolean(),
    }),
    response: RebalanceResult,
  },
} as const satisfies Record<string, RouteDefinition>;
