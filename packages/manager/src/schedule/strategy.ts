import type { NodeTable } from './node-table.js';

/** How nodes that suit a group equally by filters and preferences are ranked. */
export interface Strategy {
  readonly name: string;
  /** Below 0 when node `a` is better than node `b`. @param counts replicas of the group's service by node index */
  compare(table: NodeTable, counts: Int32Array, a: number, b: number): number;
}

/** Fewest tasks of the service, then fewest tasks, then most free resources. */
export const spreadStrategy: Strategy = {
  name: 'spread',
  compare: (table, counts, a, b) =>
    counts[a]! - counts[b]! ||
    table.taskCounts[a]! - table.taskCounts[b]! ||
    freeShare(table, b) - freeShare(table, a) ||
    compareIds(table, a, b),
};

/** Free share of processor and memory together: 0 to 2. */
function freeShare(table: NodeTable, index: number): number {
  const total = table.node(index)!.description?.resources;
  return table.freeCpus[index]! / Math.max(1, total?.nanoCpus ?? 1) + table.freeMemory[index]! / Math.max(1, total?.memoryBytes ?? 1);
}

/** The last word, so that every manager decides alike. */
function compareIds(table: NodeTable, a: number, b: number): number {
  return table.node(a)!.id < table.node(b)!.id ? -1 : 1;
}
