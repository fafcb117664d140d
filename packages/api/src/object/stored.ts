import { type TSchema, Type } from 'typebox';
import { Id, strictObject, Timestamp } from '../spec/common.js';

/** Every stored object has these. `revision` is the store's revision of its last change: the token of optimistic concurrency. */
const meta = {
  id: Id,
  revision: Type.Integer({ minimum: 0 }),
  createdAt: Timestamp,
  updatedAt: Timestamp,
};

export function stored<Properties extends Record<string, TSchema>>(properties: Properties) {
  return strictObject({ ...meta, ...properties });
}
