import type { ServiceSpec, Task } from '@tessera/api';
import type { Affinities } from '../affinity/rules.js';
import type { Claim } from '../claim.js';
import type { Home } from '../home.js';
import type { NodeTable } from '../node-table.js';

/** Tasks that are alike for the scheduler: of one service and one template. */
export interface TaskGroup {
  serviceId: string;
  templateHash: string;
  spec: ServiceSpec;
  claim: Claim;
  affinities: Affinities;
  /** Higher ones come first. */
  priority: number;
  /** For tasks that must go to where their data lies: the node of one of them, if it has any yet. */
  homeOf?(task: Task, table: NodeTable): Home | undefined;
  /** Indices of nodes, one for each task there that runs on only until one of these does in its place. */
  yielding(table: NodeTable): readonly number[];
}

/** What `refuse` answers for a node that passes. */
export const PASS = -1;

/** A filter made ready for one group. What it counts beyond single nodes, it counts when it is made ready. */
export interface Check {
  /** {@link PASS}, or a number that tells the reason for `explain`. Reads the table as it is now. */
  refuse(index: number): number;
  /** The reason in words, for the nodes refused with it: `not enough memory (need 2 GiB, best has 1.4 GiB)`. */
  explain(reason: number, indices: readonly number[]): string;
  /**
   * A task that leaves a node may make that node pass. A change of the node object itself always may, so it need not be said;
   * if nothing else can help, a refused group is not looked at again for anything else.
   */
  readonly helpedByRoom?: boolean;
  /** Whether a task with this claim that comes or goes anywhere may make some node pass: then the group looks at all nodes again. */
  helpedByTask?(claim: Claim): boolean;
  /**
   * The group was given this node. For checks that count beyond the node: each node is then asked again before it is used, since
   * a task may make other nodes unfit. It must not make an unfit node fit.
   */
  placed?(index: number): void;
}

/** One rule about where a task may run. Holds no state: everything about a group lives in its check. */
export interface Filter {
  readonly name: string;
  /** `undefined` when the rule does not concern the group. */
  prepare(group: TaskGroup, table: NodeTable): Check | undefined;
}
