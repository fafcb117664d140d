import { Worker } from 'node:worker_threads';
import type { RunOptions, RunResult } from './run.js';

/** Options of a run that can be handed to another thread. */
export type SeedRun = Omit<RunOptions, 'parts'>;

/**
 * Runs many seeds, each in one of `threads` threads, and tells of each as it ends, in the order of the seeds.
 * @throws Error of a run that broke
 */
export async function runSeeds(runs: readonly SeedRun[], threads: number, onResult: (result: RunResult) => void): Promise<RunResult[]> {
  const results: RunResult[] = [];
  let next = 0;
  let told = 0;
  const tell = (): void => {
    for (let result = results[told]; result; result = results[told]) {
      onResult(result);
      told += 1;
    }
  };
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('./worker.js', import.meta.url));
    try {
      for (let at = next++; at < runs.length; at = next++) {
        results[at] = await answer(worker, runs[at] as SeedRun);
        tell();
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(threads, runs.length)) }, work));
  return results;
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
