import { ApiError, isTerminal, type PlacementExplanation, type Task } from '@tessera/api';
import { explainTask as explainPlacementOf } from '../schedule/explain.js';
import { NodeTable } from '../schedule/node-table.js';
import type { UseCaseContext } from './context.js';
import { resolve } from './references.js';

export interface TaskQuery {
  service?: string;
  stack?: string;
  node?: string;
  /** Those too that have ended or are to end. */
  all?: boolean;
}

/** Newest first. @throws ApiError `not-found` or `ambiguous` for the service or node. */
export function listTasks({ store: { view } }: UseCaseContext, { service, stack, node, all = false }: TaskQuery): Task[] {
  const serviceId = service === undefined ? undefined : resolve(view, 'services', service).id;
  const nodeId = node === undefined ? undefined : resolve(view, 'nodes', node).id;
  const source =
    serviceId !== undefined ? view.tasksOfService(serviceId) : nodeId !== undefined ? view.tasksOfNode(nodeId) : view.all('tasks');
  const wanted = (task: Task): boolean =>
    (nodeId === undefined || task.nodeId === nodeId) && (stack === undefined || task.stack === stack) && (all || isCurrent(task));
  return [...source].filter(wanted).sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1));
}

/** @throws ApiError `not-found` or `ambiguous`. */
export function getTask({ store: { view } }: UseCaseContext, ref: string): Task {
  return resolve(view, 'tasks', ref);
}

/**
 * Where the task could run now, if it were to be placed. Looks at every task and node of the cluster.
 * @throws ApiError `not-found` when there is no such task, or what it was made from is gone.
 */
export function explainTask({ store: { view } }: UseCaseContext, ref: string): PlacementExplanation {
  const task = resolve(view, 'tasks', ref);
  const explanation = explainPlacementOf(view, NodeTable.of(view), task);
  if (!explanation) throw new ApiError('not-found', `what task '${task.id}' was made from is gone`);
  return explanation;
}

/** Runs or is to run. */
function isCurrent(task: Task): boolean {
  return !isTerminal(task.status.state) && task.desired !== 'shutdown' && task.desired !== 'remove';
}
