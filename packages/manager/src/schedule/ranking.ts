import type { NodeTable } from './node-table.js';

/** Whether node `a` is better than node `b`, both given by index. A total order. */
export type Before = (a: number, b: number) => boolean;

/** How nodes that suit a group equally by filters and preferences are ranked. The names are those of `placement.strategy`. */
const STRATEGIES = {
  /** Fewest tasks of the service, then fewest tasks, then most free resources. */
  spread: (table: NodeTable, counts: Int32Array, a: number, b: number): number =>
    counts[a]! - counts[b]! || table.taskCounts[a]! - table.taskCounts[b]! || freeShare(table, b) - freeShare(table, a),
  /** Least free resources, then most tasks: fills a node before it takes another. */
  binpack: (table: NodeTable, _counts: Int32Array, a: number, b: number): number =>
    freeShare(table, a) - freeShare(table, b) || table.taskCounts[b]! - table.taskCounts[a]!,
} as const;

export type Strategy = keyof typeof STRATEGIES;

/** @param counts replicas of the group's service by node index, kept current by whoever places */
export function ranking(table: NodeTable, strategy: Strategy, counts: Int32Array): Before {
  const compare = STRATEGIES[strategy];
  const { order } = table;
  return (a, b) => (compare(table, counts, a, b) || order[a]! - order[b]!) < 0;
}

/** Free share of processor and memory together: 0 to 2. */
function freeShare(table: NodeTable, index: number): number {
  return table.freeCpus[index]! / table.totalCpus[index]! + table.freeMemory[index]! / table.totalMemory[index]!;
}
