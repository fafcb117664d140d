import type { TaskReport } from '@tessera/api';
import type { Clock, Timer } from '@tessera/kit';

export interface ReporterOptions {
  clock: Clock;
  /** Reports are gathered so long, in milliseconds. */
  tickMs: number;
  send(report: number, tasks: TaskReport[]): void;
  /** The manager has stored these. */
  onStored(reports: readonly TaskReport[]): void;
}

/** The protocol's bound of one batch. */
const MAX_BATCH = 10_000;

/**
 * Sends what tasks do over one connection. One batch is under way at a time; what happens meanwhile waits, the last
 * status of each task only, so that a manager whose store is away costs no more than the tasks that there are.
 */
export class Reporter {
  readonly #waiting = new Map<string, TaskReport>();
  #underWay: { report: number; tasks: TaskReport[] } | undefined;
  #report = 0;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(private readonly options: ReporterOptions) {}

  add(report: TaskReport): void {
    if (this.#stopped) return;
    const former = this.#waiting.get(report.taskId);
    // Put last: a report may speak of a task (its predecessor) that an earlier one ended.
    this.#waiting.delete(report.taskId);
    this.#waiting.set(report.taskId, { ...former, ...report });
    this.#schedule();
  }

  /** The manager says that batches up to this one are stored. */
  stored(report: number): void {
    if (!this.#underWay || report < this.#underWay.report) return;
    const { tasks } = this.#underWay;
    this.#underWay = undefined;
    this.options.onStored(tasks);
    this.#schedule();
  }

  /** The connection is over: what was not stored comes again in the next hello. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #schedule(): void {
    if (this.#timer || this.#underWay || this.#waiting.size === 0 || this.#stopped) return;
    this.#timer = this.options.clock.timer(this.options.tickMs, () => {
      this.#timer = undefined;
      this.#flush();
    });
  }

  #flush(): void {
    const tasks = [...this.#waiting.values()].slice(0, MAX_BATCH);
    for (const { taskId } of tasks) this.#waiting.delete(taskId);
    this.#underWay = { report: ++this.#report, tasks };
    this.options.send(this.#report, tasks);
  }
}
