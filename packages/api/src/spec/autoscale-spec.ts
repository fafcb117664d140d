import { type Static, Type } from 'typebox';
import { DurationMs, strictObject } from './common.js';

/** Usage aimed at, in hundredths of what a task may use. */
const Percent = Type.Integer({ minimum: 1, maximum: 1000 });

/** How long the number of tasks stays as it is after a change, before it grows or falls. */
export const DEFAULT_COOLDOWN = { upMs: 30_000, downMs: 300_000 } as const;

/** The number of a service's tasks follows what they use. */
export const Autoscale = strictObject({
  min: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  max: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  /** Of a task's CPU limit, else of its reservation, else of one core. */
  cpuPercent: Type.Optional(Percent),
  /** Of a task's memory limit, else of its reservation. */
  memoryPercent: Type.Optional(Percent),
  /** `downMs`: also how long the usage must have been low. */
  cooldown: strictObject({ upMs: DurationMs, downMs: DurationMs }),
});
export type Autoscale = Static<typeof Autoscale>;
