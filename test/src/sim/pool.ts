import { Worker } from 'node:worker_threads';
import type { RunOptions, RunResult } from './run.js';

/** A run that can be handed to another thread. */
export type SeedRun = Omit<RunOptions, 'parts'> & {
  /** Name of the mutation whose faulty parts it has. */
  mutation?: string;
};

/** Threads that run seeds: who comes first is served first. */
export class SeedPool {
  readonly #workers: Worker[];
  readonly #idle: Worker[];
  readonly #waiting: Array<(worker: Worker) => void> = [];

  constructor(threads: number) {
    this.#workers = Array.from({ length: threads }, () => new Worker(new URL('./worker.js', import.meta.url)));
    this.#idle = [...this.#workers];
  }

  /** @throws Error of a run that broke */
  async run(run: SeedRun): Promise<RunResult> {
    const worker = this.#idle.pop() ?? (await new Promise<Worker>((resolve) => this.#waiting.push(resolve)));
    try {
      return await answer(worker, run);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(worker);
      else this.#idle.push(worker);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

/**
 * Runs many seeds, each in one of `threads` threads, and tells of each as it ends, in the order of the seeds.
 * @throws Error of a run that broke
 */
export async function runSeeds(runs: readonly SeedRun[], threads: number, onResult: (result: RunResult) => void): Promise<RunResult[]> {
  const pool = new SeedPool(Math.max(1, Math.min(threads, runs.length)));
  const results: RunResult[] = [];
  let told = 0;
  const one = async (run: SeedRun, at: number): Promise<void> => {
    results[at] = await pool.run(run);
    for (let result = results[told]; result; result = results[told]) {
      onResult(result);
      told += 1;
    }
  };
  try {
    await Promise.all(runs.map(one));
    return results;
  } finally {
    await pool.close();
  }
}

function answer(worker: Worker, run: SeedRun): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const onError = (error: unknown): void => reject(new Error(`seed ${run.seed} broke the simulator`, { cause: error }));
    worker.once('error', onError);
    worker.once('message', (result: RunResult) => {
      worker.off('error', onError);
      resolve(result);
    });
    worker.postMessage(run);
  });
}
