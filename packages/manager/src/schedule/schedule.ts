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
  for (const tasks of groupTasks(view.pendingTasks())) {
    for (const decision of scheduleGroup(view, table, tasks, strategy, now))
      if (decision.after !== decision.before) decisions.push(decision);
  }
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

function scheduleGroup(view: ClusterView, table: NodeTable, tasks: readonly Task[], strategy: Strategy, now: number): Decision[] {
  const source = sourceOf(view, tasks[0]!);
  if (!source) return tasks.map((task) => refuse(task, 'its service revision is gone'));
  const { serviceId } = tasks[0]!;
  const group: TaskGroup = { serviceId, spec: source.spec, claim: claimOf(serviceId, source) };
  const free = tasks.filter((task) => task.nodeId === undefined);
  const bound = tasks.filter((task) => task.nodeId !== undefined);
  const decisions = bound.length === 0 ? [] : confirmBound(table, group, bound, now);
  if (free.length === 0) return decisions;
  const { placed, refusal } = placeGroup(
    table,
    group,
    free.map((task) => task.id),
    strategy,
    now,
  );
  for (const task of free) {
    const nodeId = placed.get(task.id);
    decisions.push(nodeId === undefined ? refuse(task, refusal ?? 'no suitable node') : assign(task, nodeId, now));
  }
  return decisions;
}

/** Tasks of global services come with their node: it only has to take them. */
function confirmBound(table: NodeTable, group: TaskGroup, tasks: readonly Task[], now: number): Decision[] {
  const checks = new Checks(group, table);
  return tasks.map((task) => {
    const index = table.indexOf(task.nodeId!);
    if (index === undefined) return refuse(task, 'its node was removed');
    if (!checks.passes(index)) return refuse(task, checks.explainNode(index));
    table.claim(task.id, index, group.claim);
    return assign(task, task.nodeId!, now);
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
