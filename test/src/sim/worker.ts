import { parentPort } from 'node:worker_threads';
import type { SeedRun } from './pool.js';
import { simulate } from './run.js';

// Runs seeds for the thread that started this one, one after the other.
parentPort?.on('message', (run: SeedRun) => void simulate(run).then((result) => parentPort?.postMessage(result)));
