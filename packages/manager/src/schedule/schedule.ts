import type { ClusterView } from '../model/view.js';
import type { Decision } from './decision.js';
import type { NodeTable } from './node-table.js';
import { Scheduler } from './scheduler.js';

/**
 * Gives nodes to waiting tasks. A pure function of the view, but for `table`: it must hold what the view holds, and
 * afterwards holds the new claims too (put back from the view what could not be committed).
 * Tasks that stay without a node are among the decisions only when their reason has changed.
 */
export function schedule(view: ClusterView, table: NodeTable, now: number): Decision[] {
  return new Scheduler(view, table).pass(now).decisions;
}
