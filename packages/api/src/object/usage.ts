import { type Static, Type } from 'typebox';
import { Bytes, Id, NanoCpus, strictObject, Timestamp } from '../spec/common.js';

/** What a task used over a while. */
export const TaskUsage = strictObject({
  taskId: Id,
  /** Mean over the while, in billionths of a core. */
  nanoCpus: NanoCpus,
  /** Without what the kernel can take back at once (page cache). */
  memoryBytes: Bytes,
});
export type TaskUsage = Static<typeof TaskUsage>;

/** The last change of the number of tasks that autoscaling made, and what it waits for. Written by the autoscaler. */
export const AutoscaleStatus = strictObject({
  replicas: Type.Integer({ minimum: 0 }),
  changedAt: Timestamp,
  /** The last changes in words, newest first: `3 -> 5: cpu 84% of 60% target over 30 s`. */
  changes: Type.Array(strictObject({ at: Timestamp, words: Type.String({ maxLength: 256 }) }), { maxItems: 20 }),
  /** Since when fewer tasks would do. */
  lowSince: Type.Optional(Timestamp),
});
export type AutoscaleStatus = Static<typeof AutoscaleStatus>;
