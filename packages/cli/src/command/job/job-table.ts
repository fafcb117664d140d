import type { JobDetail } from '@tessera/api';
import type { Style } from '../../output/style.js';
import type { Column } from '../../output/table.js';
import { formatDuration } from '../../output/units.js';

export type Run = JobDetail['runs'][number];

/** A job and one of its runs: the newest, where each job has one row. */
export interface JobRow {
  job: JobDetail;
  run: Run | undefined;
}

export function runColumns(nowMs: number): Column<JobRow>[] {
  return [
    { title: 'RUN', value: ({ run }) => (run ? String(run.number) : '-'), right: true },
    { title: 'STATE', value: ({ run }) => run?.state ?? '-', paint: (text, { run }, style) => paintState(text, run, style) },
    { title: 'CAUSE', value: ({ run }) => (run ? causeOf(run) : '-'), wide: true },
    { title: 'STARTED', value: ({ run }) => (run ? `${formatDuration(nowMs - run.startedAt)} ago` : '-') },
    { title: 'DURATION', value: ({ run }) => (run ? formatDuration((run.finishedAt ?? nowMs) - run.startedAt) : '-'), right: true },
    { title: 'EXIT', value: ({ run }) => (run?.exitCode === undefined ? '-' : String(run.exitCode)), right: true },
    { title: 'REASON', value: ({ run }) => run?.message ?? '', shrink: true },
  ];
}

export function jobColumns(nowMs: number): Column<JobRow>[] {
  return [
    { title: 'ID', value: ({ job }) => job.serviceId.slice(0, 12), wide: true },
    { title: 'NAME', value: ({ job }) => job.name },
    { title: 'MODE', value: ({ job }) => job.mode, wide: true },
    { title: 'SCHEDULE', value: ({ job }) => describeSchedule(job) },
    { title: 'NEXT', value: ({ job }) => nextOf(job, nowMs), paint: (text, { job }, style) => (job.suspended ? style.yellow(text) : text) },
    ...runColumns(nowMs),
  ];
}

function describeSchedule({ schedule }: JobDetail): string {
  if (!schedule) return '-';
  return schedule.timezone === 'UTC' ? schedule.cron : `${schedule.cron} ${schedule.timezone}`;
}

function nextOf({ schedule, suspended, nextAt }: JobDetail, nowMs: number): string {
  if (!schedule) return '-';
  if (suspended) return 'suspended';
  return nextAt === undefined ? 'never' : `in ${formatDuration(nextAt - nowMs)}`;
}

function causeOf({ cause, scheduledAt }: Run): string {
  return scheduledAt === undefined ? cause : `${cause} ${new Date(scheduledAt).toISOString()}`;
}

function paintState(text: string, run: Run | undefined, style: Style): string {
  if (run?.state === 'complete') return style.green(text);
  if (run?.state === 'failed') return style.red(text);
  return run?.state === 'running' ? style.yellow(text) : style.dim(text);
}
