import type { Task } from '@tessera/api';
import type { Clock, Timer } from '@tessera/kit';
import { readyNodesOfNetworks } from '../../model/network-nodes.js';
import type { ClusterView } from '../../model/view.js';
import type { AppliedEverywhere, NodesWait } from './applied-everywhere.js';

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
  /** What nodes have applied. */
  everywhere: Pick<AppliedEverywhere, 'wait'>;
  /** The task may be stopped now. */
  release(task: Task): void;
}

interface Leaving {
  task: Task;
  wait: NodesWait;
  limit: Timer;
}

/**
 * Keeps tasks that are to go running until no node sends clients to them any more: each node of their networks has applied a set
 * in which they take no traffic. Nobody is waited for longer than {@link LEAVE_LIMIT_MS}.
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
    const { view, clock, everywhere } = this.options;
    const nodeIds = readyNodesOfNetworks(view, Object.keys(task.status.addresses ?? {}));
    if (nodeIds.size === 0) return;
    const release = (): void => this.#release(task.id);
    this.#leaving.set(task.id, {
      task,
      wait: everywhere.wait(nodeIds, task.revision, release),
      limit: clock.timer(LEAVE_LIMIT_MS, release),
    });
  }

  /** The task has ended, or is no more. */
  drop(taskId: string): void {
    this.#forget(taskId);
    this.#released.delete(taskId);
  }

  stop(): void {
    for (const taskId of [...this.#leaving.keys()]) this.#forget(taskId);
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
    leaving?.wait.cancel();
    this.#leaving.delete(taskId);
    return leaving?.task;
  }
}
