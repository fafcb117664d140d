import type { Manager, Task } from '@tessera/api';
import type { Clock, Timer } from '@tessera/kit';
import type { ClusterView } from '../../model/view.js';
import type { AppliedBook, AppliedWaiter } from './applied-book.js';
import type { PeerRounds } from './peer-rounds.js';

/**
 * Longest time that a leaving task waits for nodes: as long as one whose agent is away has to come back before it is down, and a little more. One that
 * takes longer to apply a change is broken.
 */
export const LEAVE_LIMIT_MS = 12_000;
/** How long an agent holds a leaving task when it hears nothing more: a little longer than its manager would have. */
export const HOLD_MS = LEAVE_LIMIT_MS + 1_000;

export interface LeaveGateOptions {
  view: ClusterView;
  clock: Clock;
  /** The other manager that has the node's session, as far as there is one. */
  managerOf(nodeId: string): Manager | undefined;
  /** What this manager's own nodes have applied. */
  here: Pick<AppliedBook, 'wait' | 'drop'>;
  /** What those of other managers have. */
  elsewhere: Pick<PeerRounds, 'wait'>;
  /** The task may be stopped now. */
  release(task: Task): void;
}

interface Leaving extends AppliedWaiter {
  task: Task;
  /** Nodes that may still send clients to it. */
  waitsFor: Set<string>;
  limit: Timer;
}

/**
 * Keeps tasks that are to go running until no node sends clients to them any more: each node of their networks has applied a set
 * in which they take no traffic, whichever manager serves it. Nodes that are down are not waited for, and nobody for longer than
 * {@link LEAVE_LIMIT_MS}. A node whose agent is away is: its kernel goes on with what it has.
 */
export class LeaveGate {
  readonly #leaving = new Map<string, Leaving>();
  /** Tasks that were held and let go, until they have ended. */
  readonly #released = new Set<string>();

  constructor(private readonly options: LeaveGateOptions) {}

  isHeld(taskId: string): boolean {
    return this.#leaving.has(taskId);
  }

  /** The task takes no traffic from now on, in the view; once for each task. */
  hold(task: Task): void {
    if (this.#leaving.has(task.id) || this.#released.has(task.id)) return;
    const waitsFor = this.#concerned(task);
    if (waitsFor.size === 0) return;
    const limit = this.options.clock.timer(LEAVE_LIMIT_MS, () => this.#release(task.id));
    const leaving: Leaving = { task, waitsFor, limit, applied: (nodeId) => this.#applied(leaving, nodeId) };
    this.#leaving.set(task.id, leaving);
    for (const nodeId of waitsFor) this.#waitFor(leaving, nodeId);
  }

  /** The task has ended, or is no more. */
  drop(taskId: string): void {
    this.#forget(taskId);
    this.#released.delete(taskId);
  }

  /** The node is down or removed. */
  gone(nodeId: string): void {
    this.options.here.drop(nodeId);
    for (const leaving of [...this.#leaving.values()]) leaving.applied(nodeId);
  }

  /** The node's session is with another manager than before. */
  moved(nodeId: string): void {
    if (this.options.managerOf(nodeId)) this.options.here.drop(nodeId);
    for (const leaving of this.#leaving.values()) if (leaving.waitsFor.has(nodeId)) this.#waitFor(leaving, nodeId);
  }

  stop(): void {
    for (const taskId of [...this.#leaving.keys()]) this.#forget(taskId);
  }

  #concerned(task: Task): Set<string> {
    const { view } = this.options;
    const nodeIds = new Set<string>();
    for (const networkId of Object.keys(task.status.addresses ?? {}))
      for (const { nodeId } of view.blocksOfNetwork(networkId))
        if (view.get('nodes', nodeId)?.status.state === 'ready') nodeIds.add(nodeId);
    return nodeIds;
  }

  #waitFor(leaving: Leaving, nodeId: string): void {
    const { managerOf, here, elsewhere } = this.options;
    const other = managerOf(nodeId);
    if (other) elsewhere.wait(other, nodeId, leaving.task.revision, leaving);
    else here.wait(nodeId, leaving);
  }

  #applied(leaving: Leaving, nodeId: string): void {
    const { task, waitsFor } = leaving;
    if (waitsFor.delete(nodeId) && waitsFor.size === 0 && this.#leaving.get(task.id) === leaving) this.#release(task.id);
  }

  #release(taskId: string): void {
    const task = this.#forget(taskId);
    if (!task) return;
    this.#released.add(taskId);
    this.options.release(task);
  }

  #forget(taskId: string): Task | undefined {
    const leaving = this.#leaving.get(taskId);
    leaving?.limit.cancel();
    this.#leaving.delete(taskId);
    return leaving?.task;
  }
}
