import {
  ApiError,
  isTerminal,
  type LogFrame,
  type LogOptions,
  type QueryOf,
  type Routes,
  type SourcedLogFrame,
  type Task,
} from '@tessera/api';
import type { UseCaseContext } from './context.js';
import { merge } from './merge.js';
import { resolve } from './references.js';

type LogQuery = QueryOf<Routes['taskLogs']>;

/** Tasks whose logs are read in one stream: the newest ones. */
const MAX_TASKS = 200;

/** The log of one task. @throws ApiError `not-found`, `ambiguous`, or `unavailable` for a task without a node. */
export function taskLogs(context: UseCaseContext, ref: string, query: LogQuery, signal: AbortSignal): AsyncIterable<SourcedLogFrame> {
  const task = resolve(context.store.view, 'tasks', ref);
  if (task.nodeId === undefined)
    throw new ApiError('unavailable', `task ${task.id} has no node yet, and so no log: ${task.status.message}`);
  return logOf(context, task, query, signal);
}

/**
 * The logs of a service's tasks, merged as the lines come. A node that is away gives an error frame that names it and
 * holds nobody up. With `follow`, tasks that start later are not part of it.
 * @throws ApiError `not-found` or `ambiguous`.
 */
export function serviceLogs(context: UseCaseContext, ref: string, query: LogQuery, signal: AbortSignal): AsyncIterable<SourcedLogFrame> {
  const { view } = context.store;
  const service = resolve(view, 'services', ref);
  const tasks = [...view.tasksOfService(service.id)].filter(
    (task) => task.nodeId !== undefined && (!query.follow || !isTerminal(task.status.state)),
  );
  const newest = tasks.sort((a, b) => b.createdAt - a.createdAt).slice(0, MAX_TASKS);
  return merge(newest.map((task) => logOf(context, task, query, signal)));
}

async function* logOf(context: UseCaseContext, task: Task, query: LogQuery, signal: AbortSignal): AsyncIterable<SourcedLogFrame> {
  const { store, dispatcher } = context;
  const nodeId = task.nodeId ?? '';
  const node = store.view.get('nodes', nodeId)?.name ?? nodeId;
  const source = { taskId: task.id, serviceName: task.serviceName, ...(task.slot !== undefined && { slot: task.slot }), node };
  try {
    for await (const frame of dispatcher.openLogs(nodeId, task.id, toOptions(query), signal)) yield { ...source, frame };
  } catch (error) {
    if (signal.aborted) return;
    yield { ...source, frame: errorFrame(node, error) };
  }
}

function toOptions({ follow, tail, since, until, timestamps }: LogQuery): LogOptions {
  return {
    follow,
    timestamps,
    stdout: true,
    stderr: true,
    ...(tail !== undefined && { tail }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  };
}

function errorFrame(node: string, error: unknown): LogFrame {
  return { type: 'error', message: `no log from node '${node}': ${error instanceof Error ? error.message : String(error)}` };
}
