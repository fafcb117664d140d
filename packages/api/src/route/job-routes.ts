import { type Static, Type } from 'typebox';
import { JobRun, JobStatus } from '../object/job.js';
import { Id, Name, strictObject, Timestamp } from '../spec/common.js';
import { Schedule } from '../spec/schedule-spec.js';
import type { RouteDefinition } from './route.js';

/** A job as people ask for it. */
export const JobDetail = strictObject({
  serviceId: Id,
  name: Name,
  mode: Type.String(),
  image: Type.String(),
  schedule: Type.Optional(Schedule),
  suspended: Type.Boolean(),
  /** When its schedule is due next. */
  nextAt: Type.Optional(Timestamp),
  /** Newest first. */
  runs: Type.Array(JobRun),
  skipped: JobStatus.properties.skipped,
});
export type JobDetail = Static<typeof JobDetail>;

const ByReference = strictObject({ ref: Type.String({ minLength: 1, maxLength: 128 }) });

/** Routes about services whose mode is a job. */
export const JOB_ROUTES = {
  listJobs: {
    method: 'GET',
    path: '/v1/jobs',
    summary: 'List jobs with their runs',
    access: 'viewer',
    query: strictObject({ stack: Type.Optional(Name) }),
    response: Type.Array(JobDetail),
  },
  getJob: {
    method: 'GET',
    path: '/v1/jobs/:ref',
    summary: 'A job with its runs',
    access: 'viewer',
    params: ByReference,
    response: JobDetail,
  },
  runJob: {
    method: 'POST',
    path: '/v1/jobs/:ref/runs',
    summary: 'Run a job now; the run carries the number of the request',
    access: 'admin',
    params: ByReference,
    response: strictObject({ request: Type.Integer(), job: JobDetail }),
  },
  stopJob: {
    method: 'POST',
    path: '/v1/jobs/:ref/stop',
    summary: 'Cancel the runs of a job that are under way',
    access: 'admin',
    params: ByReference,
    response: JobDetail,
  },
  suspendJob: {
    method: 'POST',
    path: '/v1/jobs/:ref/suspend',
    summary: 'Let the schedule of a job start nothing until it is resumed',
    access: 'admin',
    params: ByReference,
    response: JobDetail,
  },
  resumeJob: {
    method: 'POST',
    path: '/v1/jobs/:ref/resume',
    summary: 'Let the schedule of a job start runs again, from now on',
    access: 'admin',
    params: ByReference,
    response: JobDetail,
  },
} as const satisfies Record<string, RouteDefinition>;
