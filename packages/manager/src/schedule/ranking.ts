import { type Before, freeShare } from './load-order.js';
import type { NodeTable } from './node-table.js';

/** How nodes that suit a group equally by filters and preferences are ranked. The names are those of `placement.strategy`. */
const STRATEGIES = {
  /** Fewest tasks of the service, then fewest tasks, then the image is there, then most free resources. */
  spread: (table: NodeTable, counts: Int32Array, images: Uint8Array | undefined, a: number, b: number): number =>
    counts[a]! - counts[b]! ||
    table.taskCounts[a]! - table.taskCounts[b]! ||
    (images ? images[b]! - images[a]! : 0) ||
    freeShare(table, b) - freeShare(table, a),
  /** Least free resources, then most tasks, then the image is there: fills a node before it takes another. */
  binpack: (table: NodeTable, _counts: Int32Array, images: Uint8Array | undefined, a: number, b: number): number =>
    freeShare(table, a) - freeShare(table, b) || table.taskCounts[b]! - table.taskCounts[a]! || (images ? images[b]! - images[a]! : 0),
} as const;

export type Strategy = keyof typeof STRATEGIES;

/**
 * @param counts replicas of the group's service by node index, kept current by whoever places
 * @param images 1 for nodes, by index, that have the image; absent when all are alike in that
 */
export function ranking(table: NodeTable, strategy: Strategy, counts: Int32Array, images: Uint8Array | undefined): Before {
  const compare = STRATEGIES[strategy];
  const { order } = table;
  return (a, b) => (compare(table, counts, images, a, b) || order[a]! - order[b]!) < 0;
}
