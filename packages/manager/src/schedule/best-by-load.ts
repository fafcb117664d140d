import { imageColumn } from './image.js';
import type { NodeTable } from './node-table.js';

/** Nodes that are looked at before it is better to rank them all: a walk costs the more for each the longer it is. */
const MOST_LOOKED_AT = 32;

/** A group whose tasks are spread over nodes, by nothing but their number. */
interface SpreadGroup {
  table: NodeTable;
  serviceId: string;
  image: string;
  /** Whether the node can take a task, and nothing speaks against it. */
  suits(index: number): boolean;
}

/**
 * The node that ranking all of them would put first for one more task of the group. Walks along the order that all groups share, so that
 * it costs a few nodes. Nothing when it is not sure to be among these.
 */
export function bestByLoad({ table, serviceId, image, suits }: SpreadGroup): number | undefined {
  const replicas = table.countsOf(serviceId);
  const images = imageColumn(table, image);
  const countOf = (index: number): number => replicas.get(index) ?? 0;
  // Beyond the order: what comes before the number of tasks, and what follows it.
  const isBetter = (index: number, than: number): boolean =>
    countOf(index) < countOf(than) ||
    (countOf(index) === countOf(than) && table.taskCounts[index] === table.taskCounts[than] && images.at(index) > images.at(than));
  const mayBeat = (best: number, taskCount: number): boolean =>
    countOf(best) > 0 || (taskCount === table.taskCounts[best] && images.at(best) === 0 && !images.isZero);
  let best: number | undefined;
  let looked = 0;
  for (const index of table.byLoad.inOrder()) {
    if (best !== undefined && !mayBeat(best, table.taskCounts[index]!)) return best;
    if (++looked > MOST_LOOKED_AT) return undefined;
    if (suits(index) && (best === undefined || isBetter(index, best))) best = index;
  }
  return best;
}
