import {
  compareStates,
  contentId,
  filesOf,
  isJob,
  type PublishedPort,
  type Service,
  type ServiceProgress,
  serviceRevisionId,
  type Task,
} from '@tessera/api';
import { bracketed } from '@tessera/api/net/host-address';
import { formatDuration } from '@tessera/api/spec/duration';
import { replicasOf } from '../model/replicas.js';
import { isExhausted } from '../model/restarts.js';
import { byAge, endedByItself, isLive, isRunning, isWanted, slotKey } from '../model/task.js';
import type { ClusterView } from '../model/view.js';
import { fitsPlacement, takesTasks } from '../schedule/fit.js';
import { describeSchedule, jobFailure, tellingRun } from './job-progress.js';
import { dependencyUpdatedAt, isOutrunBy, unmetDependency } from './service/dependencies.js';
import { deadlineOf, waitReason, waitsSince } from './service/update/failures.js';

/** So many failures of one slot under one template are no accident. */
const FAILURES_TOO_MANY = 3;
/** A node that refuses a task (no such image, bad mount) will refuse it again. */
const REJECTIONS_TOO_MANY = 2;
/** Reasons listed in one line. */
const MOST_REASONS = 3;

type Verdict = NonNullable<ServiceProgress['verdict']>;

/** Why waiting longer brings nothing. */
interface Stop {
  verdict: Verdict;
  /** In words; absent when it is no failure. */
  failed?: string;
}

/** How near a service is to what was asked: computed from its tasks, never stored. */
export function serviceProgress(view: ClusterView, service: Service, now: number): ServiceProgress {
  const tasks = countedTasks(view, service);
  const desired = desiredTasks(view, service);
  const counted = tasks.filter((task) => isWanted(task) && isRunning(task));
  const updated = new Set(
    tasks.filter((task) => task.templateHash === service.templateHash && isThere(service, task) && hasFiles(service, task)).map(slotKey),
  ).size;
  const updatedAt = dependencyUpdatedAt(view, service);
  const isNew = (task: Task): boolean => task.templateHash === service.templateHash && !isOutrunBy(updatedAt, task, service);
  const leftovers = tasks.filter((task) => isLive(task) && !(isWanted(task) && isNew(task))).length;
  const isScheduled = service.spec.schedule !== undefined && isJob(service.spec.mode);
  const allThere = updated === desired && leftovers === 0 && !isUpdating(service) && tasks.filter(isWanted).length <= desired;
  const job = isScheduled ? describeSchedule(service, now) : undefined;
  // A schedule is as asked for as soon as it stands; how its runs go is told with them.
  const converged = isScheduled || allThere;
  const stop =
    rolledBack(service) ??
    (converged
      ? undefined
      : (standstill(service) ??
        jobFailure(service) ??
        failure(service, tasks) ??
        refusedFiles(service, tasks) ??
        overdue(view, service, tasks, now)));
  const waiting = converged ? undefined : (waitReasons(tasks) ?? unmetDependency(view, service));
  return {
    serviceId: service.id,
    name: service.spec.name,
    mode: service.spec.mode.kind,
    image: service.spec.template.container.image,
    desired,
    running: counted.length,
    updated,
    converged,
    ...stop,
    ...(service.update && { update: service.update }),
    ...(waiting !== undefined && { waiting }),
    ...(job !== undefined && { job }),
    ports: service.ports.map(describePort),
  };
}

/** Oldest first. Of a job, only those of the run that tells how far it is. */
function countedTasks(view: ClusterView, service: Service): Task[] {
  const tasks = [...view.tasksOfService(service.id)].sort(byAge);
  if (!isJob(service.spec.mode)) return tasks;
  const run = tellingRun(service)?.number;
  return tasks.filter((task) => task.run === run);
}

/** Tasks wanted; for global services, the nodes that fit and take tasks. */
function desiredTasks(view: ClusterView, service: Service): number {
  const { spec } = service;
  if (spec.mode.kind === 'replicated') return replicasOf(service);
  if (spec.mode.kind === 'replicated-job') return spec.mode.completions;
  return [...view.all('nodes')].filter((node) => takesTasks(node, spec.placement) && fitsPlacement(spec.placement, node)).length;
}

/** Services want tasks that run, jobs want tasks that have completed; so do services whose tasks end for good. */
function isThere(service: Service, task: Task): boolean {
  const completes = service.spec.mode.kind.endsWith('job') || service.spec.template.restart.condition !== 'any';
  if (completes && task.status.state === 'complete' && !(task.desired === 'remove')) return true;
  return !service.spec.mode.kind.endsWith('job') && isWanted(task) && isRunning(task);
}

/** Its program has the contents of configs and secrets that it is to have: always, unless tasks reload them. */
function hasFiles({ spec: { template } }: Service, { status }: Task): boolean {
  if (!template.reload) return true;
  const wanted = [...filesOf(template.container, template.fileHashes)];
  return wanted.every(({ kind, name, hash }) => status.files?.[`${kind}/${name}`] === contentId(kind, hash));
}

/** A program that does not take new contents over runs on with the old ones. */
function refusedFiles(service: Service, tasks: readonly Task[]): Stop | undefined {
  const late = tasks.find((task) => isWanted(task) && isRunning(task) && !hasFiles(service, task) && task.status.filesError);
  return late && { verdict: 'failing', failed: `${nameOf(late)}: its files could not be reloaded: ${late.status.filesError}` };
}

function isUpdating({ update }: Service): boolean {
  return update?.state === 'updating' || update?.state === 'rollback-started';
}

/** The update stands still until the user acts, and the user has not just done so. */
function standstill({ update, updateControl }: Service): Stop | undefined {
  if ((updateControl?.resumes ?? 0) > (update?.resumes ?? 0)) return undefined;
  if (update?.state === 'canary') return updateControl?.promoted ? undefined : { verdict: 'canary' };
  if (update?.state !== 'paused' && update?.state !== 'rollback-paused') return undefined;
  return { verdict: update.cause === 'deadline' ? 'deadline' : 'paused', failed: update.message };
}

/** Tasks of the current template fail again and again. */
function failure(service: Service, tasks: readonly Task[]): Stop | undefined {
  const since = isUpdating(service) ? (service.update?.specRevision ?? 0) : 0;
  const current = tasks.filter((task) => task.templateHash === service.templateHash && task.specRevision >= since);
  for (const slotTasks of groupBySlot(current).values()) {
    const reason = slotFailure(service, slotTasks);
    if (reason) return { verdict: 'failing', failed: reason };
  }
  return undefined;
}

/** What was deployed last did not stay, though the service may be well: told until the next deploy. */
function rolledBack({ update, specRevision }: Service): Stop | undefined {
  if (update?.state !== 'rollback-completed') return undefined;
  const wanted = update.cause === 'user';
  return update.specRevision === specRevision && !wanted ? { verdict: 'rolled-back', failed: update.message } : undefined;
}

/** Outside of an update, whose planner judges for itself: a task has not come up before the deadline. */
function overdue(view: ClusterView, service: Service, tasks: readonly Task[], now: number): Stop | undefined {
  const limitMs = deadlineOf(service.spec);
  if (limitMs === 0 || isUpdating(service)) return undefined;
  // A change of the spec, such as a smaller reservation, starts the clock anew.
  const changedAt = view.get('revisions', serviceRevisionId(service.id, service.specRevision))?.createdAt ?? 0;
  const current = tasks.filter((task) => task.templateHash === service.templateHash && task.desired !== 'remove');
  for (const slotTasks of groupBySlot(current).values()) {
    const since = waitsSince(slotTasks, service, service.spec.update.monitorMs);
    if (since === undefined || Math.max(since, changedAt) + limitMs > now) continue;
    const words = `${nameOf(slotTasks[0]!)}: ${waitReason(slotTasks)}`;
    return { verdict: 'deadline', failed: `did not come up within ${formatDuration(limitMs)}: ${words}` };
  }
  return undefined;
}

function slotFailure(service: Service, tasks: readonly Task[]): string | undefined {
  if (tasks.some((task) => isWanted(task) && isRunning(task))) return undefined;
  const failed = tasks.filter((task) => endedByItself(task) && (task.status.state === 'failed' || task.status.state === 'rejected'));
  const last = failed.at(-1);
  if (!last) return undefined;
  const rejected = failed.filter((task) => task.status.state === 'rejected').length;
  const words = `${nameOf(last)}: ${last.status.error ?? last.status.message}`;
  if (rejected >= REJECTIONS_TOO_MANY) return `rejected ${rejected} times: ${words}`;
  const { restart } = service.spec.template;
  const ended = tasks.at(-1) === last;
  if (ended && restart.condition === 'none') return `failed, and its restart condition is none: ${words}`;
  if (ended && isExhausted(tasks, last, restart))
    return `failed, and has no restart attempt left (max_attempts ${restart.maxAttempts}): ${words}`;
  return failed.length >= FAILURES_TOO_MANY ? `failed ${failed.length} times: ${words}` : undefined;
}

/** `2 tasks: 0/3 nodes: …`: what tasks that do not run yet wait for, the most frequent reason first. */
function waitReasons(tasks: readonly Task[]): string | undefined {
  const reasons = new Map<string, number>();
  for (const task of tasks) if (isWanted(task) && !isRunning(task)) reasons.set(reasonOf(task), (reasons.get(reasonOf(task)) ?? 0) + 1);
  const leaving = tasks.filter((task) => isLive(task) && !isWanted(task)).length;
  if (reasons.size === 0 && leaving > 0) reasons.set('stopping', leaving);
  const ordered = [...reasons].sort(([, a], [, b]) => b - a).slice(0, MOST_REASONS);
  return ordered.length === 0
    ? undefined
    : ordered.map(([reason, count]) => `${count} ${count === 1 ? 'task' : 'tasks'}: ${reason}`).join('; ');
}

function reasonOf(task: Task): string {
  if (compareStates(task.status.state, 'assigned') < 0) return task.status.message;
  if (task.status.state === 'running') return `unhealthy: ${task.status.message}`;
  return task.status.message === '' || task.status.message === task.status.state
    ? task.status.state
    : `${task.status.state}: ${task.status.message}`;
}

function groupBySlot(tasks: readonly Task[]): Map<string, Task[]> {
  const groups = new Map<string, Task[]>();
  for (const task of tasks) groups.set(slotKey(task), [...(groups.get(slotKey(task)) ?? []), task]);
  return groups;
}

function nameOf(task: Task): string {
  return task.slot === undefined ? task.serviceName : `${task.serviceName}.${task.slot}`;
}

/** Such as `8080->80/tcp`, `127.0.0.1:53->53/udp (host)`. */
function describePort(port: PublishedPort): string {
  const address = port.hostIp === undefined ? '' : `${bracketed(port.hostIp)}:`;
  return `${address}${port.published ?? '?'}->${port.target}/${port.protocol}${port.mode === 'host' ? ' (host)' : ''}`;
}
