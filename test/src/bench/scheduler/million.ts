import { BenchCluster } from './cluster.js';
import { makeJob } from './workload.js';

const NODES = 5_000;
const JOBS = 1_000;
const TASKS_PER_JOB = 1_000;
const JOBS_PER_BLOCK = 100;

export interface Million {
  /** For each 100,000 tasks in turn: created, placed and committed; milliseconds, and of processor time. */
  blocks: Array<{ tookMs: number; cpuMs: number }>;
  peakBytes: number;
}

/**
 * C1M's shape: one job after the other is created while the scheduler runs, and the next comes when all its tasks have their nodes.
 * The objects to be created are made before each block, outside of the time.
 */
export async function placeMillion(): Promise<Million> {
  const cluster = await BenchCluster.open();
  cluster.startScheduler();
  await cluster.addNodes(NODES);
  const blocks: Million['blocks'] = [];
  for (let first = 0; first < JOBS; first += JOBS_PER_BLOCK) {
    const jobs = Array.from({ length: JOBS_PER_BLOCK }, (_, index) => makeJob(first + index, TASKS_PER_JOB, 'constraints', cluster.random));
    const cpuBefore = process.cpuUsage();
    const startMs = performance.now();
    for (const job of jobs) {
      await cluster.submit(job);
      await cluster.untilAssigned(cluster.submitted);
    }
    const cpu = process.cpuUsage(cpuBefore);
    blocks.push({ tookMs: performance.now() - startMs, cpuMs: (cpu.user + cpu.system) / 1_000 });
  }
  await cluster.close();
  return { blocks, peakBytes: process.resourceUsage().maxRSS * 1024 };
}
