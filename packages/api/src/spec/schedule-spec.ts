import { type Static, Type } from 'typebox';
import { DurationMs, oneOf, strictObject } from './common.js';

/** Runs of a job that are kept with their tasks when nothing else is said. */
export const DEFAULT_JOB_HISTORY = 10;

/** When a job runs. */
export const Schedule = strictObject({
  /** Five fields, or six with seconds first, or a nickname such as `@daily`. */
  cron: Type.String({ minLength: 1, maxLength: 256 }),
  /** IANA name of the time zone, such as `Europe/Berlin`. */
  timezone: Type.String({ minLength: 1, maxLength: 64 }),
  /** What happens when it is due while a run is under way: nothing, the old run is stopped, or both run. */
  concurrency: oneOf(['forbid', 'replace', 'allow']),
  /** What happens when it was due and nobody could start it: nothing, or one run for all that was missed. */
  missed: oneOf(['skip', 'run-once']),
  /** How late a run may still start. Absent: a minute with `skip`, no limit with `run-once`. */
  startingDeadlineMs: Type.Optional(DurationMs),
  /** Runs kept, with their tasks. */
  history: Type.Integer({ minimum: 1, maximum: 1000 }),
});
export type Schedule = Static<typeof Schedule>;
