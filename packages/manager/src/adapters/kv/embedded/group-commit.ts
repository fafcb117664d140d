import type { Database } from 'better-sqlite3';
import { KvError } from '../../../ports/kv.js';

interface Job {
  run(): void;
  resolve(): void;
  reject(error: unknown): void;
}

/** Work carried out in one SQLite transaction, so that a flood of small writes does not hold up reads for long. */
const MAX_JOBS_PER_COMMIT = 500;

/**
 * Carries out the writes that wait in one turn of the event loop in one SQLite transaction: they share the cost of
 * making it durable. Nobody gets an answer before the transaction is on the disk.
 */
export class GroupCommit {
  readonly #database: Database;
  readonly #onCommit: () => void;
  readonly #onRollback: () => void;
  #queue: Job[] = [];
  #scheduled = false;

  /** @param onRollback called when a transaction failed: what was remembered of it must be read again. */
  constructor(database: Database, onCommit: () => void, onRollback: () => void) {
    this.#database = database;
    this.#onCommit = onCommit;
    this.#onRollback = onRollback;
  }

  /**
   * Runs `work` inside the next transaction. Work that throws a KvError must have written nothing: it fails alone.
   * @throws KvError `unavailable` when nothing was written, `unknown` when the disk failed at the commit itself.
   */
  run<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      let result: T;
      const run = (): void => {
        result = work();
      };
      this.#queue.push({ run, resolve: () => resolve(result), reject });
      this.#wake();
    });
  }

  /** Carries out everything that waits. */
  drain(): void {
    while (this.#queue.length > 0) this.#commit(this.#queue.splice(0, MAX_JOBS_PER_COMMIT));
  }

  #wake(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#commit(this.#queue.splice(0, MAX_JOBS_PER_COMMIT));
      if (this.#queue.length > 0) this.#wake();
    });
  }

  #commit(jobs: readonly Job[]): void {
    if (jobs.length === 0) return;
    try {
      const settled = this.#transact(jobs);
      this.#onCommit();
      for (const settle of settled) settle();
    } catch (error) {
      for (const job of jobs) job.reject(error);
      this.#onRollback();
    }
  }

  /** @returns what gives each job its answer. */
  #transact(jobs: readonly Job[]): (() => void)[] {
    const settled = this.#attempt('unavailable', () => {
      this.#database.exec('BEGIN IMMEDIATE');
      return jobs.map((job) => this.#runJob(job));
    });
    this.#attempt('unknown', () => this.#database.exec('COMMIT'));
    return settled;
  }

  #runJob(job: Job): () => void {
    try {
      job.run();
      return job.resolve;
    } catch (error) {
      if (error instanceof KvError) return () => job.reject(error);
      throw error;
    }
  }

  #attempt<T>(code: 'unavailable' | 'unknown', action: () => T): T {
    try {
      return action();
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
      const message = error instanceof Error ? error.message : String(error);
      throw new KvError(code, `${this.#database.name} cannot be written: ${message}`, { cause: error });
    }
  }
}
