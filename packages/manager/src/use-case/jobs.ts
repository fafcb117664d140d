import { ApiError, isJob, type JobControl, type JobDetail, type Service } from '@tessera/api';
import type { ClusterView } from '../model/view.js';
import { nextDue } from '../plan/job-progress.js';
import { commitPlan } from './commit.js';
import type { UseCaseContext } from './context.js';
import { resolve } from './references.js';
import { listServices } from './services.js';

export function listJobs(context: UseCaseContext, query: { stack?: string }): JobDetail[] {
  const jobs = listServices(context, query).filter(({ spec }) => isJob(spec.mode));
  return jobs.map((service) => describe(service, context.clock.now()));
}

/** @throws ApiError `not-found`, `ambiguous`, or `invalid-request` for a service that is no job. */
export function getJob({ store: { view }, clock }: UseCaseContext, ref: string): JobDetail {
  return describe(resolveJob(view, ref), clock.now());
}

/**
 * Asks for a run: the service controller begins it.
 * @throws ApiError `conflict` when a run is under way and the job allows no other beside it.
 */
export async function runJob(context: UseCaseContext, ref: string): Promise<{ request: number; job: JobDetail }> {
  const service = await control(context, ref, (before) => {
    refuseOverlap(before);
    return { requested: requestedOf(before) + 1 };
  });
  return { request: requestedOf(service), job: describe(service, context.clock.now()) };
}

/** Cancels what is under way; a schedule goes on. @throws ApiError `conflict` when nothing is. */
export async function stopJob(context: UseCaseContext, ref: string): Promise<JobDetail> {
  const service = await control(context, ref, ({ spec, job }) => {
    const newest = job?.runs.findLast((run) => run.state === 'running');
    if (!newest) throw new ApiError('conflict', `job '${spec.name}' has no run under way`);
    return { stopped: newest.number };
  });
  return describe(service, context.clock.now());
}

/** @throws ApiError `invalid-request` for a job without a schedule. */
export async function suspendJob(context: UseCaseContext, ref: string): Promise<JobDetail> {
  const service = await control(context, ref, (before) => {
    requireSchedule(before);
    return { suspended: true };
  });
  return describe(service, context.clock.now());
}

/** What was due meanwhile is not made up for. @throws ApiError `invalid-request` for a job without a schedule. */
export async function resumeJob(context: UseCaseContext, ref: string): Promise<JobDetail> {
  const { clock } = context;
  const service = await control(context, ref, (before) => {
    requireSchedule(before);
    return before.jobControl?.suspended ? { suspended: false, resumedAt: clock.now() } : {};
  });
  return describe(service, clock.now());
}

async function control(context: UseCaseContext, ref: string, change: (before: Service) => Partial<JobControl>): Promise<Service> {
  const { result } = await commitPlan(context, (view) => {
    const before = resolveJob(view, ref);
    const jobControl: JobControl = { requested: 0, suspended: false, ...before.jobControl, ...change(before) };
    const object: Service = { ...before, jobControl };
    return { units: [[{ type: 'put', kind: 'services', object, expect: { revision: before.revision } }]], result: object };
  });
  return result;
}

function resolveJob(view: ClusterView, ref: string): Service {
  const service = resolve(view, 'services', ref);
  if (isJob(service.spec.mode)) return service;
  throw new ApiError('invalid-request', `service '${service.spec.name}' is no job: it is ${service.spec.mode.kind}`, {
    cure: 'see the jobs there are: tsctl job ls',
  });
}

function requireSchedule({ spec }: Service): void {
  if (spec.schedule) return;
  throw new ApiError('invalid-request', `job '${spec.name}' has no schedule`, { cure: 'give it one: x-schedule in the Compose file' });
}

function refuseOverlap({ spec, job }: Service): void {
  const running = job?.runs.find((run) => run.state === 'running');
  if (!running || (spec.schedule && spec.schedule.concurrency !== 'forbid')) return;
  throw new ApiError('conflict', `run ${running.number} of job '${spec.name}' is still under way`, {
    cure: `wait for it, or stop it: tsctl job stop ${spec.name}`,
  });
}

function requestedOf({ jobControl }: Service): number {
  return jobControl?.requested ?? 0;
}

function describe(service: Service, now: number): JobDetail {
  const { spec, job, jobControl } = service;
  const nextAt = nextDue(service, now);
  return {
    serviceId: service.id,
    name: spec.name,
    mode: spec.mode.kind,
    image: spec.template.container.image,
    ...(spec.schedule && { schedule: spec.schedule }),
    suspended: jobControl?.suspended ?? false,
    ...(nextAt !== undefined && { nextAt }),
    runs: [...(job?.runs ?? [])].reverse(),
    ...(job?.skipped && { skipped: job.skipped }),
  };
}
