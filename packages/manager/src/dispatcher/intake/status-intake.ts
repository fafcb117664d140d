import { isTerminal, type Node, type NodeSession, type Task, type TaskReport, type TaskStatus } from '@tessera/api';
import { type Clock, type Log, sleep } from '@tessera/kit';
import { sameSession } from '../../model/session.js';
import type { ClusterStore, StoreChange } from '../../ports/store.js';
import { type SlotIndex, slotKeyOf } from '../projection/slot-index.js';
import { endedUnseen, successorOf, takesSlot, withStatus } from './status-rules.js';
import type { Update, UpdateQueue } from './update-queue.js';

export interface StatusIntakeOptions {
  store: ClusterStore;
  clock: Clock;
  log: Log;
  queue: UpdateQueue;
  slots: SlotIndex;
}

/** Who reports: a node, in this session of it. */
export interface Reporting {
  nodeId: string;
  held: NodeSession;
  /** Aborted when the session is over: what is not written by then, the agent tells in its next one, and then all of it together. */
  signal: AbortSignal;
}

const SUCCESSOR_RETRY_MS = 100;
const SUCCESSOR_ATTEMPTS = 50;
/** Links of a chain that are written as one: well under the store's bound of one txn. */
const MAX_CHAIN = 50;

/**
 * Writes what agents report of their tasks. The one writer of a task's status from `assigned` on, up to `orphaned`. A report
 * counts as long as the node has no newer session: all that is written is guarded by the node's record.
 */
export class StatusIntake {
  constructor(private readonly options: StatusIntakeOptions) {}

  /**
   * Takes over the reports of one node, in order. Repeating them does no harm.
   * Returns the ids of tasks that the agent must give up: nobody knows them and they succeed nothing.
   */
  async take(from: Reporting, reports: readonly TaskReport[]): Promise<string[]> {
    const unknown: string[] = [];
    const inChains = new Set<TaskReport>();
    // What is reported of a predecessor belongs into the commit of its successor: the slot must not look free in between.
    const succeeded = new Set(reports.filter((one) => !this.#isKnown(one.taskId)).map((one) => one.successorOf));
    let plain: TaskReport[] = [];
    for (const report of reports) {
      if (inChains.has(report)) continue;
      if (this.#isKnown(report.taskId)) {
        if (!succeeded.has(report.taskId)) plain.push(report);
      } else if (report.successorOf === undefined) {
        unknown.push(report.taskId);
      } else {
        const chain = this.#chainFrom(report, reports);
        for (const link of chain) inChains.add(link);
        const predecessorEnd = reports.findLast((one) => one.taskId === report.successorOf)?.status;
        await this.#write(from, plain);
        plain = [];
        if (await this.#succeed(from, chain, predecessorEnd)) continue;
        unknown.push(...chain.map(({ taskId }) => taskId));
        plain.push(...reports.filter((one) => one.taskId === report.successorOf));
      }
    }
    await this.#write(from, plain);
    if (unknown.length > 0)
      this.options.log.info(
        { nodeId: from.nodeId, taskIds: unknown.slice(0, 10), count: unknown.length },
        'dispatcher: node reports tasks that are not its own',
      );
    return unknown;
  }

  #isKnown(taskId: string): boolean {
    return this.options.store.view.get('tasks', taskId) !== undefined;
  }

  #write(from: Reporting, reports: readonly TaskReport[]): Promise<void> {
    return this.options.queue.submit(reports.map((report) => this.#statusUpdate(from, report)));
  }

  #statusUpdate(from: Reporting, { taskId, status }: TaskReport): Update {
    const { nodeId } = from;
    return {
      kind: 'tasks',
      id: taskId,
      guardNodeId: nodeId,
      apply: (task) => {
        if (!this.#isCurrent(from)) return undefined;
        const result = withStatus(task as Task | undefined, nodeId, status);
        if (typeof result !== 'string') return result;
        this.options.log.debug({ nodeId, taskId, state: status.state, refusal: result }, 'dispatcher: a report is dropped');
        return undefined;
      },
    };
  }

  #isCurrent({ nodeId, held, signal }: Reporting): boolean {
    return !signal.aborted && sameSession(this.options.store.view.get('nodes', nodeId)?.session, held);
  }

  /**
   * The successor and those that followed it, each in the place of the one before: restarts that nobody heard of. They are
   * written as one: while the last one was not known, the slot would look free.
   */
  #chainFrom(first: TaskReport, reports: readonly TaskReport[]): TaskReport[] {
    const chain = [first];
    for (let last = first; chain.length < MAX_CHAIN; ) {
      const next = reports.find((one) => one.successorOf === last.taskId && !this.#isKnown(one.taskId));
      if (!next || chain.includes(next)) break;
      chain.push(next);
      last = next;
    }
    return chain;
  }

  /** Writes a chain of successors and the end of their predecessor in one commit. Returns whether the tasks are known after it. */
  async #succeed(from: Reporting, chain: readonly TaskReport[], predecessorEnd: TaskStatus | undefined): Promise<boolean> {
    const { store, clock, log } = this.options;
    const [first] = chain;
    for (let attempt = 1; first && attempt <= SUCCESSOR_ATTEMPTS && !from.signal.aborted; attempt++) {
      if (store.view.get('tasks', first.taskId)) return true;
      const predecessor = store.view.get('tasks', first.successorOf ?? '');
      const node = store.view.get('nodes', from.nodeId);
      if (!node || !this.#isCurrent(from) || predecessor?.nodeId !== from.nodeId) return false;
      try {
        const result = await store.commit(this.#successorChanges(node, predecessor, chain, predecessorEnd));
        if (result.outcome === 'committed') return true;
      } catch (error) {
        log.warn({ error, nodeId: node.id, taskId: first.taskId }, 'dispatcher: a restarted task could not be written, trying again');
      }
      await sleep(clock, SUCCESSOR_RETRY_MS, from.signal).catch(() => {});
    }
    return false;
  }

  #successorChanges(node: Node, predecessor: Task, chain: readonly TaskReport[], predecessorEnd: TaskStatus | undefined): StoreChange[] {
    const guard = { kind: 'nodes', id: node.id, revision: node.revision } as const;
    const nowMs = this.options.clock.now();
    const mates = [...this.options.slots.tasksOfSlot(slotKeyOf(predecessor))];
    const taken = mates.some((mate) => takesSlot(mate, predecessor.id, chain[0]?.taskId ?? ''));
    const changes: StoreChange[] = [];
    let former = predecessor;
    for (const [place, report] of chain.entries()) {
      const successor = successorOf(former, report, taken, nowMs);
      const isLast = place === chain.length - 1;
      former = isLast || isTerminal(successor.status.state) ? successor : { ...successor, status: endedUnseen(successor, nowMs) };
      changes.push({ type: 'put', kind: 'tasks', object: former, expect: 'absent', guard });
    }
    const ended = this.#endOf(predecessor, predecessorEnd, nowMs);
    return [...changes, { type: 'put', kind: 'tasks', object: ended, expect: { revision: predecessor.revision } }];
  }

  #endOf(predecessor: Task, reported: TaskStatus | undefined, nowMs: number): Task {
    if (reported && isTerminal(reported.state)) {
      const ended = withStatus(predecessor, predecessor.nodeId ?? '', reported);
      if (ended && typeof ended !== 'string') return ended;
    }
    return isTerminal(predecessor.status.state) ? predecessor : { ...predecessor, status: endedUnseen(predecessor, nowMs) };
  }
}
