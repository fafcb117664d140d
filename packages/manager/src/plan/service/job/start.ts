import { canonicalJson, type JobRun, type JobStatus, type Schedule } from '@tessera/api';
import { nextTime, timesBetween } from '@tessera/api/cron/cron';
import type { ServiceDraft } from '../draft.js';
import { cancelled, changeRun, jobOf, setJob } from './job-status.js';

/** With `missed: skip`, a time is not missed before this: a change of leader takes seconds. */
const GRACE_MS = 60_000;
/** Missed times that are counted; what is beyond is said as this many. */
const MOST_COUNTED = 100;

type Origin = Pick<JobRun, 'cause'> & Partial<Pick<JobRun, 'scheduledAt' | 'request'>>;

/** Begins the runs that are due: by a new template, by the schedule, or because a user asked. */
export function startDueRuns(draft: ServiceDraft): void {
  const { schedule } = draft.service.spec;
  if (schedule) startScheduled(draft, schedule);
  else startDeployed(draft);
  answerRequests(draft);
}

/** Without a schedule, a job runs once for each template; what an older one is at is stopped. */
function startDeployed(draft: ServiceDraft): void {
  const { service } = draft;
  const last = jobOf(service).runs.at(-1);
  if (last?.templateHash === service.templateHash) return;
  start(draft, { cause: 'deploy' }, 'a newer spec was deployed');
}

function startScheduled(draft: ServiceDraft, schedule: Schedule): void {
  const { now, service } = draft;
  const job = jobOf(service);
  const of = canonicalJson([schedule.cron, schedule.timezone]);
  const isNew = job.schedule?.of !== of;
  const since = Math.max(isNew ? now : job.schedule!.until, service.jobControl?.resumedAt ?? 0);
  if (isNew) setJob(draft, { ...job, schedule: { of, until: now } });
  if (service.jobControl?.suspended) return;
  let next = nextTime(schedule, since);
  if (next !== undefined && next <= now) {
    const due = timesBetween(schedule, since, now, MOST_COUNTED);
    setJob(draft, { ...jobOf(draft.service), schedule: { of, until: due[0]! } });
    takeDue(draft, schedule, due[0]!, due.length);
    next = nextTime(schedule, now);
  }
  if (next !== undefined) draft.wakeAt(next);
}

/** One run stands for all times that have come by; those before the latest were missed. */
function takeDue(draft: ServiceDraft, schedule: Schedule, latest: number, times: number): void {
  const obstacle = obstacleTo(draft, schedule, latest);
  if (obstacle !== undefined || times > 1)
    skip(draft, latest, obstacle === undefined ? times - 1 : times, obstacle ?? `one run stands for ${times} times`);
  if (obstacle === undefined) start(draft, { cause: 'schedule', scheduledAt: latest }, 'the next run was due, and concurrency is replace');
}

/** Why no run begins though one is due, in words. */
function obstacleTo(draft: ServiceDraft, schedule: Schedule, due: number): string | undefined {
  const limitMs = schedule.startingDeadlineMs ?? (schedule.missed === 'skip' ? GRACE_MS : Number.POSITIVE_INFINITY);
  if (draft.now - due > limitMs) return 'nobody could start it in time';
  const [underWay] = runsUnderWay(draft);
  if (!underWay || schedule.concurrency !== 'forbid') return undefined;
  return `run ${underWay.number} was still under way, and concurrency is forbid`;
}

function skip(draft: ServiceDraft, at: number, times: number, reason: string): void {
  setJob(draft, { ...jobOf(draft.service), skipped: { at, times, reason } });
}

/** A request waits while a run is under way, unless runs may be side by side or take each other's place. */
function answerRequests(draft: ServiceDraft): void {
  const requested = draft.service.jobControl?.requested ?? 0;
  for (let { answered } = jobOf(draft.service); answered < requested; answered++) {
    const mayOverlap = (draft.service.spec.schedule?.concurrency ?? 'forbid') !== 'forbid';
    if (!mayOverlap && runsUnderWay(draft).length > 0) return;
    setJob(draft, { ...jobOf(draft.service), answered: answered + 1 });
    start(draft, { cause: 'manual', request: answered + 1 }, 'a user asked for a new run');
  }
}

function runsUnderWay(draft: ServiceDraft): JobRun[] {
  return jobOf(draft.service).runs.filter((run) => run.state === 'running');
}

/** Begins a run of the current spec. @param instead why runs under way end, unless both may run */
function start(draft: ServiceDraft, origin: Origin, instead: string): void {
  const { service, now } = draft;
  if (service.spec.schedule?.concurrency !== 'allow')
    for (const { number } of runsUnderWay(draft)) changeRun(draft, number, cancelled(draft, instead));
  const job: JobStatus = jobOf(draft.service);
  const number = job.lastRun + 1;
  const run: JobRun = {
    number,
    ...origin,
    specRevision: service.specRevision,
    templateHash: service.templateHash,
    state: 'running',
    startedAt: now,
  };
  setJob(draft, { ...job, lastRun: number, runs: [...job.runs, run] });
}
