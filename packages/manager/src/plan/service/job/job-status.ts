import { isJob, type JobRun, type JobStatus, type Service } from '@tessera/api';
import type { ServiceDraft } from '../draft.js';

const NO_RUNS: JobStatus = { runs: [], lastRun: 0, answered: 0 };

export function jobOf(service: Service): JobStatus {
  return service.job ?? NO_RUNS;
}

export function setJob(draft: ServiceDraft, job: JobStatus): void {
  draft.service = { ...draft.service, job };
}

export function changeRun(draft: ServiceDraft, number: number, change: Partial<JobRun>): void {
  const job = jobOf(draft.service);
  setJob(draft, { ...job, runs: job.runs.map((run) => (run.number === number ? { ...run, ...change } : run)) });
}

/** What becomes of a run that is ended before its time. */
export function cancelled({ now }: ServiceDraft, message: string): Partial<JobRun> {
  return { state: 'cancelled', finishedAt: now, message };
}

/**
 * Whether a run's tasks are still planned: while it is under way; and the newest run of a job without a schedule also
 * afterwards, so that more completions or a new node are served.
 */
export function isOpen({ spec, job, templateHash }: Service, run: JobRun): boolean {
  if (run.state === 'running') return true;
  return run.state === 'complete' && spec.schedule === undefined && run.number === job?.lastRun && run.templateHash === templateHash;
}

/** The newest run of a job: what is said of the job is said of it. */
export function newestRun(service: Service): JobRun | undefined {
  return isJob(service.spec.mode) ? service.job?.runs.at(-1) : undefined;
}
