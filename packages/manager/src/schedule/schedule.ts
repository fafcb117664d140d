import type { Task } from '@tessera/api';
import { sourceOf } from '../model/spec-of.js';
import { byAge } from '../model/task.js';
import type { ClusterView } from '../model/view.js';
import { Checks } from './checks.js';
import { claimOf } from './claim.js';
import type { TaskGroup } from './filters/filter.js';
import type { NodeTable } from './node-table.js';
import { placeGroup } from './place.js';
import { type Strategy, spreadStrategy } from './strategy.js';

/** What the scheduler says of one waiting task: the task as it should be now. */
export interface Decision {
  before: Task;
  after: Task;
}

/**
 * Gives nodes to waiting tasks. A pure function of the view, but for `table`: it must hold what the view holds, and
 * afterwards holds the new claims too (put back from the view what could not be committed).
 * Tasks that stay without a node are among the decisions only when their reason has changed.
 */
export function schedule(view: ClusterView, table: NodeTable, now: number, strategy: Strategy = spreadStrategy): Decision[] {
  const decisions: Decision[] = [];
  const refused: Array<{ group: TaskGroup | undefined; tasks: Task[] }> = [];
  for (const tasks of groupTasks(view.pendingTasks())) {
    const group = toGroup(view, tasks[0]!);
    const nodes = group ? placeAll(table, group, tasks, strategy, now) : new Map<string, string>();
    for (const task of tasks) {
      const nodeId = nodes.get(task.id);
      if (nodeId !== undefined) decisions.push(assign(task, nodeId, now));
    }
    if (nodes.size < tasks.length) refused.push({ group, tasks: tasks.filter((task) => !nodes.has(task.id)) });
  }
  // Reasons are told as they are when all is placed: another pass finds the same ones.
  for (const { group, tasks } of refused)
    for (const decision of explain(table, group, tasks)) if (decision.after !== decision.before) decisions.push(decision);
  return decisions;
}

/** Groups of alike tasks, the longest waiting first, in an order that every manager finds. */
function groupTasks(tasks: Iterable<Task>): Task[][] {
  const groups = new Map<string, Task[]>();
  for (const task of tasks) {
    const key = `${task.serviceId}/${task.templateHash}`;
    const group = groups.get(key);
    if (group) group.push(task);
    else groups.set(key, [task]);
  }
  for (const group of groups.values()) group.sort((a, b) => a.createdAt - b.createdAt || (a.slot ?? 0) - (b.slot ?? 0) || byAge(a, b));
  return [...groups.values()].sort((a, b) => byAge(a[0]!, b[0]!));
}

function toGroup(view: ClusterView, task: Task): TaskGroup | undefined {
  const source = sourceOf(view, task);
  return (
    source && { serviceId: task.serviceId, templateHash: task.templateHash, spec: source.spec, claim: claimOf(task.serviceId, source) }
  );
}

/** Node ids by task id. Tasks of global services come with their node: it only has to take them. */
function placeAll(table: NodeTable, group: TaskGroup, tasks: readonly Task[], strategy: Strategy, now: number): Map<string, string> {
  const free = tasks.filter((task) => task.nodeId === undefined).map((task) => task.id);
  const nodes = free.length > 0 ? placeGroup(table, group, free, strategy, now) : new Map<string, string>();
  if (free.length === tasks.length) return nodes;
  const checks = new Checks(group, table);
  for (const task of tasks) {
    const index = task.nodeId === undefined ? undefined : table.indexOf(task.nodeId);
    if (index === undefined || !checks.passes(index)) continue;
    table.claim(task.id, index, group.claim);
    nodes.set(task.id, task.nodeId!);
  }
  return nodes;
}

function explain(table: NodeTable, group: TaskGroup | undefined, tasks: readonly Task[]): Decision[] {
  if (!group) return tasks.map((task) => refuse(task, 'its service revision is gone'));
  const checks = new Checks(group, table);
  const general = tasks.some((task) => task.nodeId === undefined) ? checks.explain() : '';
  return tasks.map((task) => {
    if (task.nodeId === undefined) return refuse(task, general);
    const index = table.indexOf(task.nodeId);
    return refuse(task, index === undefined ? 'its node was removed' : checks.explainNode(index));
  });
}

function assign(task: Task, nodeId: string, now: number): Decision {
  return { before: task, after: { ...task, nodeId, status: { state: 'assigned', at: now, message: 'assigned to a node' } } };
}

/** The time of the state stays: the task is in it since then. */
function refuse(task: Task, message: string): Decision {
  const bounded = message.slice(0, 4096);
  return { before: task, after: task.status.message === bounded ? task : { ...task, status: { ...task.status, message: bounded } } };
}
