import type { JobRun, Service, ServiceProgress } from '@tessera/api';
import { nextTime } from '@tessera/api/cron/cron';
import { newestRun } from './service/job/job-status.js';

/** The run that says how far a job is: the newest, unless a newer spec is to run that has none yet. */
export function tellingRun(service: Service): JobRun | undefined {
  const run = newestRun(service);
  return service.spec.schedule || run?.templateHash === service.templateHash ? run : undefined;
}

/** When a job's schedule is due next, in milliseconds since 1970. */
export function nextDue({ spec: { schedule }, jobControl }: Service, now: number): number | undefined {
  return schedule && !jobControl?.suspended ? nextTime(schedule, now) : undefined;
}

/** Why a job without a schedule will not complete by itself; one with a schedule has its next time. */
export function jobFailure(service: Service): Pick<ServiceProgress, 'verdict' | 'failed'> | undefined {
  const run = tellingRun(service);
  if (!run || service.spec.schedule || run.state === 'running' || run.state === 'complete') return undefined;
  return { verdict: 'failing', failed: `run ${run.number} ${run.state === 'failed' ? 'failed' : 'was cancelled'}: ${run.message ?? ''}` };
}

/** `run 12 failed, next run 2030-01-01T03:00:00Z`: what there is to say of a job with a schedule. */
export function describeSchedule(service: Service, now: number): string | undefined {
  if (!service.spec.schedule) return undefined;
  const run = newestRun(service);
  const last = run && `run ${run.number} ${run.state === 'running' ? 'under way' : run.state}`;
  const next = nextDue(service, now);
  const coming = service.jobControl?.suspended ? 'suspended' : next === undefined ? 'never due again' : `next run ${toIso(next)}`;
  return last === undefined ? coming : `${last}, ${coming}`;
}

function toIso(at: number): string {
  return new Date(at).toISOString().replace('.000Z', 'Z');
}
