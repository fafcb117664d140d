import type { Task } from '@tessera/api';
import type { Clock, Timer } from '@tessera/kit';
import type { ClusterView } from '../../model/view.js';

/**
 * Longest time that a leaving task waits for nodes: as long as one whose agent is away has to come back before it is down, and a little more. One that
 * takes longer to apply a change is broken.
 */
export const LEAVE_LIMIT_MS = 5_000;
/** How long an agent holds a leaving task when it hears nothing more: a little longer than its manager would have. */
export const HOLD_MS = LEAVE_LIMIT_MS + 1_000;
/** Nodes whose sessions other managers have are given so long: this manager does not hear of what they applied. */
const ELSEWHERE_MS = 500;

export interface LeaveGateOptions {
  view: ClusterView;
  clock: Clock;
  /** Whether another manager has the node's session. */
  isElsewhere(nodeId: string): boolean;
  /** The task may be stopped now. */
  release(task: Task): void;
}

interface Leaving {
  task: Task;
  /** Nodes that may still send clients to it. */
  waitsFor: Set<string>;
  isElsewhere: boolean;
  timers: Timer[];
}

/** What one node has been sent and has applied, of the leaving tasks that wait for it. */
interface NodeBook {
  applied: number;
  unsent: Set<string>;
  sent: Array<{ seq: number; taskIds: string[] }>;
}

/**
 * Keeps tasks that are to go running until no node sends clients to them any more: each node of their networks has applied a set
 * in which they take no traffic. Nodes that are down are not waited for, and nobody for longer than {@link LEAVE_LIMIT_MS}. A node whose agent
 * is away is: its kernel goes on with what it has.
 */
export class LeaveGate {
  readonly #leaving = new Map<string, Leaving>();
  /** Tasks that were held and let go, until they have ended. */
  readonly #released = new Set<string>();
  readonly #books = new Map<string, NodeBook>();

  constructor(private readonly options: LeaveGateOptions) {}

  isHeld(taskId: string): boolean {
    return this.#leaving.has(taskId);
  }

  /** The task takes no traffic from now on, in the view; once for each task. */
  hold(task: Task): void {
    if (this.#leaving.has(task.id) || this.#released.has(task.id)) return;
    const { waitsFor, isElsewhere } = this.#concerned(task);
    if (waitsFor.size === 0 && !isElsewhere) return;
    const limit = this.options.clock.timer(LEAVE_LIMIT_MS, () => this.#release(task.id));
    const leaving: Leaving = { task, waitsFor, isElsewhere: false, timers: [limit] };
    if (isElsewhere) this.#giveElsewhere(leaving);
    this.#leaving.set(task.id, leaving);
    for (const nodeId of waitsFor) this.#book(nodeId).unsent.add(task.id);
  }

  /** The task has ended, or is no more. */
  drop(taskId: string): void {
    this.#forget(taskId);
    this.#released.delete(taskId);
  }

  /** A session of the node begins: numbers start anew. */
  opened(nodeId: string): void {
    const book = this.#book(nodeId);
    book.applied = 0;
    for (const { taskIds } of book.sent.splice(0)) for (const taskId of taskIds) book.unsent.add(taskId);
  }

  /** All that the view says was sent to the node in sets up to this number. */
  flushed(nodeId: string, seq: number): void {
    const book = this.#books.get(nodeId);
    if (!book || book.unsent.size === 0) return;
    book.sent.push({ seq, taskIds: [...book.unsent] });
    book.unsent.clear();
    this.#settle(nodeId, book);
  }

  /** The node is as the set of this number says. */
  applied(nodeId: string, seq: number): void {
    const book = this.#book(nodeId);
    book.applied = Math.max(book.applied, seq);
    this.#settle(nodeId, book);
  }

  /** The node is down or removed. */
  gone(nodeId: string): void {
    this.#books.delete(nodeId);
    for (const [taskId, { waitsFor }] of [...this.#leaving]) if (waitsFor.delete(nodeId)) this.#check(taskId);
  }

  /** The node has a new session. */
  moved(nodeId: string): void {
    if (!this.options.isElsewhere(nodeId)) return;
    this.#books.delete(nodeId);
    for (const leaving of this.#leaving.values()) if (leaving.waitsFor.delete(nodeId)) this.#giveElsewhere(leaving);
  }

  stop(): void {
    for (const taskId of [...this.#leaving.keys()]) this.#forget(taskId);
  }

  #concerned(task: Task): Pick<Leaving, 'waitsFor' | 'isElsewhere'> {
    const { view } = this.options;
    const waitsFor = new Set<string>();
    let isElsewhere = false;
    for (const networkId of Object.keys(task.status.addresses ?? {}))
      for (const { nodeId } of view.blocksOfNetwork(networkId)) {
        if (view.get('nodes', nodeId)?.status.state !== 'ready') continue;
        if (this.options.isElsewhere(nodeId)) isElsewhere = true;
        else waitsFor.add(nodeId);
      }
    return { waitsFor, isElsewhere };
  }

  #giveElsewhere(leaving: Leaving): void {
    leaving.isElsewhere = true;
    const timer = this.options.clock.timer(ELSEWHERE_MS, () => {
      leaving.isElsewhere = false;
      this.#check(leaving.task.id);
    });
    leaving.timers.push(timer);
  }

  #settle(nodeId: string, book: NodeBook): void {
    const done = book.sent.filter(({ seq }) => seq <= book.applied);
    book.sent = book.sent.filter(({ seq }) => seq > book.applied);
    for (const taskId of done.flatMap(({ taskIds }) => taskIds)) {
      this.#leaving.get(taskId)?.waitsFor.delete(nodeId);
      this.#check(taskId);
    }
  }

  #check(taskId: string): void {
    const leaving = this.#leaving.get(taskId);
    if (leaving && leaving.waitsFor.size === 0 && !leaving.isElsewhere) this.#release(taskId);
  }

  #release(taskId: string): void {
    const task = this.#forget(taskId);
    if (!task) return;
    this.#released.add(taskId);
    this.options.release(task);
  }

  #forget(taskId: string): Task | undefined {
    const leaving = this.#leaving.get(taskId);
    for (const timer of leaving?.timers ?? []) timer.cancel();
    this.#leaving.delete(taskId);
    return leaving?.task;
  }

  #book(nodeId: string): NodeBook {
    let book = this.#books.get(nodeId);
    if (!book) this.#books.set(nodeId, (book = { applied: 0, unsent: new Set(), sent: [] }));
    return book;
  }
}
