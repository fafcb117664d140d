import { type Static, Type } from 'typebox';
import { oneOf, strictObject, Timestamp } from '../spec/common.js';

const RunNumber = Type.Integer({ minimum: 1 });

/** One run of a job: all its tasks, with their retries. Written by the service controller. */
export const JobRun = strictObject({
  /** Grows by one with each run of the job. */
  number: RunNumber,
  /** `deploy`: the spec is new. `schedule`: it was due. `manual`: a user asked for it. */
  cause: oneOf(['deploy', 'schedule', 'manual']),
  /** The time of the schedule that it stands for: no two runs of a job stand for the same. */
  scheduledAt: Type.Optional(Timestamp),
  /** Which of the user's requests it answers. */
  request: Type.Optional(RunNumber),
  /** What its tasks are made from, all of them. */
  specRevision: Type.Integer({ minimum: 1 }),
  templateHash: Type.String(),
  /** `failed`: for good, no attempt is left. `cancelled`: another run took its place, or the user stopped it. */
  state: oneOf(['running', 'complete', 'failed', 'cancelled']),
  startedAt: Timestamp,
  finishedAt: Type.Optional(Timestamp),
  /** 0, or that of the task that failed for good. */
  exitCode: Type.Optional(Type.Integer()),
  /** Why it ended so, in words. */
  message: Type.Optional(Type.String({ maxLength: 4096 })),
});
export type JobRun = Static<typeof JobRun>;

/** What became of a job. Written by the service controller. */
export const JobStatus = strictObject({
  /** Oldest first; those beyond the history are forgotten. */
  runs: Type.Array(JobRun, { maxItems: 2000 }),
  /** Number of the newest run, also when it is forgotten. */
  lastRun: Type.Integer({ minimum: 0 }),
  /** Requests of the user that were answered. */
  answered: Type.Integer({ minimum: 0 }),
  /** Every time of the schedule up to `until` was dealt with. `of`: the schedule that this is said of, as text. */
  schedule: Type.Optional(strictObject({ of: Type.String(), until: Timestamp })),
  /** The last times that came without a run, and why. */
  skipped: Type.Optional(strictObject({ at: Timestamp, times: Type.Integer({ minimum: 1 }), reason: Type.String({ maxLength: 1024 }) })),
});
export type JobStatus = Static<typeof JobStatus>;

/** What a user asked of a job besides its spec. */
export const JobControl = strictObject({
  /** Runs asked for so far: each request is the next number. */
  requested: Type.Integer({ minimum: 0 }),
  /** Its schedule starts nothing. */
  suspended: Type.Boolean(),
  /** When the schedule was resumed: what was due before is not made up for. */
  resumedAt: Type.Optional(Timestamp),
  /** Runs up to this number are to stop. */
  stopped: Type.Optional(RunNumber),
});
export type JobControl = Static<typeof JobControl>;

/** Whether a service is a job: its tasks run to their end. */
export function isJob(mode: { kind: string }): boolean {
  return mode.kind === 'replicated-job' || mode.kind === 'global-job';
}
