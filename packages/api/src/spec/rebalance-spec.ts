import { type Static, Type } from 'typebox';
import { strictObject } from './common.js';

/** The tasks of a service move when that makes their spread over the nodes more even. */
export const Rebalance = strictObject({
  /** Tasks that move at a time. */
  budget: Type.Integer({ minimum: 1, maximum: 1000 }),
});
export type Rebalance = Static<typeof Rebalance>;
