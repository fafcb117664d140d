import { type Finding, isJob, type Service, type Task } from '@tessera/api';
import { isLive } from '../../model/task.js';
import { decide } from '../autoscale/autoscale.js';
import { describeSchedule } from '../job-progress.js';
import { serviceProgress } from '../progress.js';
import { unmetDependency } from '../service/dependencies.js';
import { newestRun } from '../service/job/job-status.js';
import { isHeld } from '../service/update/status.js';
import type { Asking } from './asking.js';
import { finding } from './finding.js';
import { explainTaskState, isLastWord } from './task.js';

/** How a service stands, in a sentence, and why. */
export function explainService(asking: Asking, service: Service): { summary: string; findings: Finding[] } {
  const progress = serviceProgress(asking.view, service, asking.now);
  const tasks = [...asking.view.tasksOfService(service.id)].filter((task) => counts(asking, service, task));
  const findings = [
    ...updateFindings(asking, service),
    ...(isJob(service.spec.mode) ? jobFindings(asking, service) : []),
    ...dependencyFindings(asking, service, tasks),
    ...tasks.flatMap((task) => explainTaskState(asking, task) ?? []),
    ...autoscaleFindings(asking, service),
  ];
  const isSaid = findings.some(({ level }) => level === 'problem');
  const failed =
    progress.failed !== undefined && !isSaid ? [finding('failing', 'problem', service.spec.name, { text: progress.failed })] : [];
  return { summary: summaryOf(progress, service), findings: [...failed, ...findings] };
}

function summaryOf({ running, desired, converged }: { running: number; desired: number; converged: boolean }, { spec }: Service): string {
  if (isJob(spec.mode)) return `a job, ${converged ? 'at rest' : 'under way'}`;
  return `${running} of ${desired} ${desired === 1 ? 'task' : 'tasks'} run${converged ? ' as asked' : ''}`;
}

/** Live tasks, and those that ended with nothing after them; of a job, those of its newest run. */
function counts(asking: Asking, service: Service, task: Task): boolean {
  if (isJob(service.spec.mode) && task.run !== newestRun(service)?.number) return isLive(task);
  return isLive(task) || isLastWord(asking, task);
}

function updateFindings({ view }: Asking, service: Service): Finding[] {
  const { update, spec } = service;
  const { name } = spec;
  if (!update) return [];
  if (isHeld(view, service) && update.state === 'canary')
    return [
      finding('canary', 'waiting', name, { text: update.message, cure: `tsctl update promote ${name}, or tsctl update abort ${name}` }),
    ];
  if (update.state === 'paused' || update.state === 'rollback-paused')
    return [
      finding('update-paused', 'problem', name, {
        text: update.message,
        details: ['slots that it has not reached stay as they were'],
        cure: `mend it and deploy again, or tsctl update resume ${name}, or go back: tsctl update abort ${name}`,
      }),
    ];
  if (update.state === 'rollback-completed' && update.specRevision === service.specRevision && update.cause !== 'user')
    return [finding('rolled-back', 'problem', name, { text: update.message, cure: 'mend what was deployed and deploy it again' })];
  const isUnderWay = update.state === 'updating' || update.state === 'canary' || update.state === 'rollback-started';
  return isUnderWay ? [finding('update', 'waiting', name, { text: update.message })] : [];
}

/** Said by its tasks when they are there; a job has none before it may start. */
function dependencyFindings({ view }: Asking, service: Service, tasks: readonly Task[]): Finding[] {
  const unmet = tasks.some((task) => isLive(task)) ? undefined : unmetDependency(view, service);
  const [dependency] = service.spec.dependsOn;
  if (unmet === undefined || newestRun(service)?.state === 'complete') return [];
  return [finding('dependency', 'waiting', service.spec.name, { text: unmet, cure: dependency && `tsctl why ${dependency.service}` })];
}

function jobFindings({ now }: Asking, service: Service): Finding[] {
  const { spec, job, jobControl } = service;
  const { name } = spec;
  const run = newestRun(service);
  const schedule = describeSchedule(service, now);
  const found: Finding[] = [];
  if (jobControl?.suspended)
    found.push(
      finding('job-suspended', 'note', name, { text: 'its schedule is suspended and starts nothing', cure: `tsctl job resume ${name}` }),
    );
  else if (schedule !== undefined) found.push(finding('job', 'note', name, { text: schedule }));
  if (run?.state === 'failed' || run?.state === 'cancelled')
    found.push(
      finding('job-failed', run.state === 'failed' ? 'problem' : 'note', name, {
        text: `run ${run.number} ${run.state}: ${run.message ?? ''}`,
        cure: `tsctl job logs ${name} ${run.number}; run it again: tsctl job run ${name}`,
      }),
    );
  if (job?.skipped && job.skipped.at > (run?.startedAt ?? 0))
    found.push(
      finding('job-skipped', 'note', name, {
        text: `${job.skipped.times === 1 ? 'a time of its schedule' : `${job.skipped.times} times of its schedule`} came without a run: ${job.skipped.reason}`,
      }),
    );
  return found;
}

function autoscaleFindings({ view, now }: Asking, service: Service): Finding[] {
  const { spec, autoscale } = service;
  if (!spec.autoscale || spec.mode.kind !== 'replicated') return [];
  const { replicas, words } = decide(view, service, spec.autoscale, now);
  return [
    finding('autoscale', 'note', spec.name, {
      text: `autoscaled between ${spec.autoscale.min} and ${spec.autoscale.max}, ${replicas} now: ${words}`,
      details: (autoscale?.changes ?? []).map((change) => `${new Date(change.at).toISOString()} ${change.words}`),
    }),
  ];
}
