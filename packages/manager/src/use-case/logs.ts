import {
  ApiError,
  isTerminal,
  type LogFrame,
  type QueryOf,
  type Routes,
  type Service,
  type SourcedLogFrame,
  type Task,
} from '@tessera/api';
import type { UseCaseContext } from './context.js';
import { inTurn, merge } from './merge.js';
import { nodeLog, toLogOptions } from './node-log.js';
import { PendingChanges } from './pending-changes.js';
import { resolve } from './references.js';

type LogQuery = QueryOf<Routes['taskLogs']>;
type ServiceLogQuery = QueryOf<Routes['serviceLogs']>;

/** Tasks whose logs are read in one stream: the newest ones. */
const MAX_TASKS = 200;
/** Logs of ended tasks are read one after the other; so many of the next ones are opened meanwhile. */
const LOGS_AHEAD = 8;
/** Whether the service is still there is looked at so often though nothing is heard. */
const RECHECK_MS = 10_000;

/** The log of one task. @throws ApiError `not-found`, `ambiguous`, or `unavailable` for a task without a node. */
export function taskLogs(context: UseCaseContext, ref: string, query: LogQuery, signal: AbortSignal): AsyncIterable<SourcedLogFrame> {
  const task = resolve(context.store.view, 'tasks', ref);
  if (task.nodeId === undefined)
    throw new ApiError('unavailable', `task ${task.id} has no node yet, and so no log: ${task.status.message}`);
  return logOf(context, task, query, signal);
}

/**
 * The logs of a service's tasks: those of ended tasks whose containers are still there, task by task, then those of live
 * ones as the lines come. A node that is away gives an error frame that names it and holds nobody up. With `follow`, tasks
 * that start later are part of it, until the service is removed, or the run of a job is over that was asked for.
 * @throws ApiError `not-found` or `ambiguous`.
 */
export function serviceLogs(
  context: UseCaseContext,
  ref: string,
  query: ServiceLogQuery,
  signal: AbortSignal,
): AsyncIterable<SourcedLogFrame> {
  return logsOfService(context, resolve(context.store.view, 'services', ref).id, query, signal);
}

async function* logsOfService(
  context: UseCaseContext,
  serviceId: string,
  query: ServiceLogQuery,
  signal: AbortSignal,
): AsyncIterable<SourcedLogFrame> {
  const tasks = [...context.store.view.tasksOfService(serviceId)].filter((task) => task.nodeId !== undefined && isAskedFor(task, query));
  const newest = tasks.sort((a, b) => b.createdAt - a.createdAt).slice(0, MAX_TASKS);
  const ended = newest.filter((task) => isTerminal(task.status.state)).sort(byPlace);
  const live = newest.filter((task) => !isTerminal(task.status.state));
  yield* endedLogs(context, ended, query, signal);
  if (query.follow) yield* merge(followed(context, serviceId, new Set(ended.map(({ id }) => id)), query, signal));
  else yield* merge(live.map((task) => withContainer(logOf(context, task, query, signal))));
}

/** By slot, each slot's oldest first. */
function byPlace(a: Task, b: Task): number {
  return (a.slot ?? 0) - (b.slot ?? 0) || a.createdAt - b.createdAt;
}

/** One log after the other. Of a node that is away, one error is enough; a node that was removed has taken its logs along. */
async function* endedLogs(
  context: UseCaseContext,
  tasks: readonly Task[],
  query: LogQuery,
  signal: AbortSignal,
): AsyncIterable<SourcedLogFrame> {
  const away = new Set<string>();
  const present = tasks.filter(({ nodeId = '' }) => context.store.view.get('nodes', nodeId));
  const logs = present.map((task) => withContainer(logOf(context, task, { ...query, follow: false }, signal)));
  for await (const line of inTurn(logs, LOGS_AHEAD)) {
    if (signal.aborted) return;
    if (line.frame.type === 'error' && away.has(line.node)) continue;
    if (line.frame.type === 'error') away.add(line.node);
    yield line;
  }
}

/** The logs of tasks as they start. What started after the first look is read from its beginning, whatever `tail` says. */
async function* followed(
  context: UseCaseContext,
  serviceId: string,
  seen: Set<string>,
  query: ServiceLogQuery,
  signal: AbortSignal,
): AsyncIterable<AsyncIterable<SourcedLogFrame>> {
  const { tail: _, ...whole } = query;
  const { view } = context.store;
  const early = new Set([...view.tasksOfService(serviceId)].filter(hasStarted).map(({ id }) => id));
  for await (const task of startedTasks(context, serviceId, seen, query, signal))
    yield withContainer(logOf(context, task, early.has(task.id) ? query : whole, signal));
}

/** Each task asked for that is not in `seen`, once its container has started; ends with the service or the run. */
async function* startedTasks(
  { store, clock }: UseCaseContext,
  serviceId: string,
  seen: Set<string>,
  query: ServiceLogQuery,
  signal: AbortSignal,
): AsyncIterable<Task> {
  const pending = new PendingChanges(clock);
  const stop = store.onChange((change) => {
    const isOfService = change.kind === 'tasks' ? (change.object?.serviceId ?? serviceId) === serviceId : change.id === serviceId;
    if (isOfService) pending.add(change);
  });
  try {
    const started = [...store.view.tasksOfService(serviceId)].filter(
      (task) => hasStarted(task) && isAskedFor(task, query) && !seen.has(task.id),
    );
    for (const { id } of started) seen.add(id);
    yield* started.sort((a, b) => b.createdAt - a.createdAt).slice(0, MAX_TASKS);
    while (!signal.aborted && mayStartMore(store.view.get('services', serviceId), query)) {
      const change = await pending.next(RECHECK_MS, signal);
      if (change?.kind !== 'tasks') continue;
      if (!change.object) seen.delete(change.id);
      else if (hasStarted(change.object) && isAskedFor(change.object, query) && !seen.has(change.id)) {
        seen.add(change.id);
        yield change.object;
      }
    }
  } finally {
    stop();
  }
}

function isAskedFor(task: Task, { run }: ServiceLogQuery): boolean {
  return run === undefined || task.run === run;
}

/** Whether tasks may come whose logs were asked for. */
function mayStartMore(service: Service | undefined, { run }: ServiceLogQuery): boolean {
  if (!service || run === undefined) return service !== undefined;
  return service.job?.runs.some(({ number, state }) => number === run && state === 'running') ?? false;
}

/** Its container has run, if only for a moment: before that, the engine would call its log ended. */
function hasStarted({ nodeId, status }: Task): boolean {
  return nodeId !== undefined && (status.startedAt !== undefined || status.state === 'running');
}

/** A service's log tells nothing of tasks that have no container. */
async function* withContainer(lines: AsyncIterable<SourcedLogFrame>): AsyncIterable<SourcedLogFrame> {
  for await (const line of lines) if (line.frame.type !== 'error' || line.frame.code !== 'no-container') yield line;
}

async function* logOf(context: UseCaseContext, task: Task, query: LogQuery, signal: AbortSignal): AsyncIterable<SourcedLogFrame> {
  const { store } = context;
  const nodeId = task.nodeId ?? '';
  const node = store.view.get('nodes', nodeId)?.name ?? nodeId;
  const source = { taskId: task.id, serviceName: task.serviceName, ...(task.slot !== undefined && { slot: task.slot }), node };
  try {
    for await (const frame of nodeLog(context, nodeId, task.id, toLogOptions(query), signal)) yield { ...source, frame };
  } catch (error) {
    if (signal.aborted) return;
    yield { ...source, frame: errorFrame(node, error) };
  }
}

function errorFrame(node: string, error: unknown): LogFrame {
  return { type: 'error', message: `no log from node '${node}': ${error instanceof Error ? error.message : String(error)}` };
}
