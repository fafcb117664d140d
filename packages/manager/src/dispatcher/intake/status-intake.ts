import { isTerminal, type Task, type TaskReport, type TaskStatus } from '@tessera/api';
import { type Clock, type Log, sleep } from '@tessera/kit';
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

const SUCCESSOR_RETRY_MS = 100;
const SUCCESSOR_ATTEMPTS = 50;

/** Writes what agents report of their tasks. The one writer of a task's status from `assigned` on, up to `orphaned`. */
export class StatusIntake {
  constructor(private readonly options: StatusIntakeOptions) {}

  /**
   * Takes over the reports of one node, in order. Repeating them does no harm.
   * Returns the ids of tasks that the agent must give up: nobody knows them and they succeed nothing.
   */
  async take(nodeId: string, reports: readonly TaskReport[], signal: AbortSignal): Promise<string[]> {
    const unknown: string[] = [];
    let plain: TaskReport[] = [];
    for (const report of reports) {
      if (this.options.store.view.get('tasks', report.taskId)) {
        plain.push(report);
      } else if (report.successorOf === undefined) {
        unknown.push(report.taskId);
      } else {
        // What is reported of its predecessor belongs into the same commit; the rest goes before it.
        const predecessorEnd = reports.findLast((one) => one.taskId === report.successorOf)?.status;
        await this.#write(
          nodeId,
          plain.filter((one) => one.taskId !== report.successorOf),
        );
        plain = [];
        if (!(await this.#succeed(nodeId, report, predecessorEnd, signal))) unknown.push(report.taskId);
      }
    }
    await this.#write(nodeId, plain);
    if (unknown.length > 0)
      this.options.log.info(
        { nodeId, taskIds: unknown.slice(0, 10), count: unknown.length },
        'dispatcher: node reports tasks that are not its own',
      );
    return unknown;
  }

  #write(nodeId: string, reports: readonly TaskReport[]): Promise<void> {
    return this.options.queue.submit(reports.map((report) => this.#statusUpdate(nodeId, report)));
  }

  #statusUpdate(nodeId: string, { taskId, status }: TaskReport): Update {
    return {
      kind: 'tasks',
      id: taskId,
      apply: (task) => {
        const result = withStatus(task as Task | undefined, nodeId, status);
        if (typeof result !== 'string') return result;
        this.options.log.debug({ nodeId, taskId, state: status.state, refusal: result }, 'dispatcher: a report is dropped');
        return undefined;
      },
    };
  }

  /** Writes the successor and the end of its predecessor in one commit. Returns whether the task is known after it. */
  async #succeed(nodeId: string, report: TaskReport, predecessorEnd: TaskStatus | undefined, signal: AbortSignal): Promise<boolean> {
    const { store, clock, log } = this.options;
    for (let attempt = 1; attempt <= SUCCESSOR_ATTEMPTS && !signal.aborted; attempt++) {
      if (store.view.get('tasks', report.taskId)) return true;
      const predecessor = store.view.get('tasks', report.successorOf ?? '');
      if (!predecessor || predecessor.nodeId !== nodeId) return false;
      try {
        const result = await store.commit(this.#successorChanges(predecessor, report, predecessorEnd));
        if (result.outcome === 'committed') return true;
      } catch (error) {
        log.warn({ error, nodeId, taskId: report.taskId }, 'dispatcher: a restarted task could not be written, trying again');
      }
      await sleep(clock, SUCCESSOR_RETRY_MS, signal).catch(() => {});
    }
    return false;
  }

  #successorChanges(predecessor: Task, report: TaskReport, predecessorEnd: TaskStatus | undefined): StoreChange[] {
    const nowMs = this.options.clock.now();
    const mates = [...this.options.slots.tasksOfSlot(slotKeyOf(predecessor))];
    const taken = mates.some((mate) => takesSlot(mate, predecessor.id, report.taskId));
    const ended = this.#endOf(predecessor, predecessorEnd, nowMs);
    return [
      { type: 'put', kind: 'tasks', object: successorOf(predecessor, report, taken, nowMs), expect: 'absent' },
      { type: 'put', kind: 'tasks', object: ended, expect: { revision: predecessor.revision } },
    ];
  }

  #endOf(predecessor: Task, reported: TaskStatus | undefined, nowMs: number): Task {
    if (reported && isTerminal(reported.state)) {
      const ended = withStatus(predecessor, predecessor.nodeId ?? '', reported);
      if (ended && typeof ended !== 'string') return ended;
    }
    return isTerminal(predecessor.status.state) ? predecessor : { ...predecessor, status: endedUnseen(predecessor, nowMs) };
  }
}
