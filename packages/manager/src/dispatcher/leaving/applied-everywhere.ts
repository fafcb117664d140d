import type { Manager } from '@tessera/api';
import type { AppliedBook, AppliedWaiter } from './applied-book.js';
import type { PeerRounds } from './peer-rounds.js';

export interface AppliedEverywhereOptions {
  /** The other manager that has the node's session, as far as there is one. */
  managerOf(nodeId: string): Manager | undefined;
  /** What this manager's own nodes have applied. */
  here: Pick<AppliedBook, 'wait' | 'drop'>;
  /** What those of other managers have. */
  elsewhere: Pick<PeerRounds, 'wait'>;
}

/** A wait for nodes to be as the view said when it began. */
export interface NodesWait {
  /** Nodes that are not, as far as it is known. */
  readonly behind: ReadonlySet<string>;
  /** Its end is not told any more. */
  cancel(): void;
}

interface Waiting extends AppliedWaiter {
  behind: Set<string>;
  revision: number;
}

/**
 * Waits for what nodes have applied, whichever manager serves them. Nodes that are down are not waited for. A node whose agent is away
 * is: its kernel goes on with what it has.
 */
export class AppliedEverywhere {
  readonly #open = new Set<Waiting>();

  constructor(private readonly options: AppliedEverywhereOptions) {}

  /**
   * @param nodeIds at least one
   * @param revision what the view is at, at least: other managers' views must be as new
   * @param done told once all of them are as the view says now; never before this returns
   */
  wait(nodeIds: ReadonlySet<string>, revision: number, done: () => void): NodesWait {
    const behind = new Set(nodeIds);
    const cancel = (): void => void this.#open.delete(waiting);
    const applied = (nodeId: string): void => {
      if (behind.delete(nodeId) && behind.size === 0 && this.#open.delete(waiting)) done();
    };
    const waiting: Waiting = { behind, revision, applied };
    this.#open.add(waiting);
    for (const nodeId of nodeIds) this.#waitFor(waiting, nodeId);
    return { behind, cancel };
  }

  /** The node is down or removed. */
  gone(nodeId: string): void {
    this.options.here.drop(nodeId);
    for (const waiting of [...this.#open]) waiting.applied(nodeId);
  }

  /** The node's session is with another manager than before. */
  moved(nodeId: string): void {
    if (this.options.managerOf(nodeId)) this.options.here.drop(nodeId);
    for (const waiting of this.#open) if (waiting.behind.has(nodeId)) this.#waitFor(waiting, nodeId);
  }

  #waitFor(waiting: Waiting, nodeId: string): void {
    const { managerOf, here, elsewhere } = this.options;
    const other = managerOf(nodeId);
    if (other) elsewhere.wait(other, nodeId, waiting.revision, waiting);
    else here.wait(nodeId, waiting);
  }
}
