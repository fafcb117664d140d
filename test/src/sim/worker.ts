import { parentPort } from 'node:worker_threads';
import { FEATURE_MUTATIONS } from './feature-mutations.js';
import { MUTATIONS } from './mutations.js';
import type { SeedRun } from './pool.js';
import { simulate } from './run.js';

// Runs seeds for the thread that started this one, one after the other.
parentPort?.on('message', ({ mutation, ...run }: SeedRun) => {
  const faulty = [...MUTATIONS, ...FEATURE_MUTATIONS].find(({ name }) => name === mutation);
  void simulate({ ...run, ...(faulty && { parts: faulty.parts() }) }).then((result) => parentPort?.postMessage(result));
});
