import { Checks } from './checks.js';
import type { TaskGroup } from './filters/filter.js';
import type { NodeTable } from './node-table.js';
import { spreadTree } from './spread-tree.js';
import type { Strategy } from './strategy.js';

/**
 * Places tasks of one group, in their order, and notes their claims in the table. Costs the nodes once, then the logarithm
 * of their number for each task. Returns node ids by task id, without the tasks that no node takes.
 */
export function placeGroup(
  table: NodeTable,
  group: TaskGroup,
  taskIds: readonly string[],
  strategy: Strategy,
  now: number,
): Map<string, string> {
  const checks = new Checks(group, table);
  const counts = new Int32Array(table.size);
  for (const [index, count] of table.countsOf(group.serviceId)) counts[index] = count;
  const isFailing = (index: number): boolean => table.failures.isFailing(group.serviceId, group.templateHash, table.node(index)!.id, now);
  const [failing, sound] = partition(checks.feasible(), isFailing);
  const attributes = group.spec.placement.preferences.map((preference) => preference.spread);
  const before = (a: number, b: number): boolean => strategy.compare(table, counts, a, b) < 0;
  const trees = [sound, failing].map((feasible) => spreadTree({ table, feasible, counts, attributes, before }));
  const placed = new Map<string, string>();
  for (const taskId of taskIds) {
    const tree = trees.find((candidate) => candidate.best() !== undefined);
    if (!tree) return placed;
    const index = tree.best()!;
    table.claim(taskId, index, group.claim);
    counts[index]!++;
    placed.set(taskId, table.node(index)!.id);
    tree.placed(checks.passes(index));
  }
  return placed;
}

function partition(indices: readonly number[], test: (index: number) => boolean): [number[], number[]] {
  const [yes, no]: [number[], number[]] = [[], []];
  for (const index of indices) (test(index) ? yes : no).push(index);
  return [yes, no];
}
