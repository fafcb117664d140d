import { BenchCluster } from './cluster.js';
import { makeJob, type Shape } from './workload.js';

export interface Filled {
  /** Nodes, services and tasks created in the state: milliseconds. */
  createMs: number;
  /** All tasks placed and committed, from the start of the scheduler on: milliseconds. */
  placeMs: number;
  /** Processor time of the whole process for both, with that of its other threads (collection of garbage, compilation). */
  cpuMs: number;
  /** The most memory that the process ever had: bytes. */
  peakBytes: number;
}

/** As a manager that has run for a while: its code is compiled. */
const WARM_UP: Shape = { nodes: 500, services: 20, tasksPerService: 500, kind: 'plain' };

/** Fills an empty cluster, after another one that is not measured. */
export async function warmFill(shape: Shape): Promise<Filled> {
  await fill({ ...WARM_UP, kind: shape.kind });
  return fill(shape);
}

/** Fills an empty cluster: everything is created, then a scheduler starts. */
async function fill({ nodes, services, tasksPerService, kind }: Shape): Promise<Filled> {
  const cluster = await BenchCluster.open();
  const jobs = Array.from({ length: services }, (_, index) => makeJob(index, tasksPerService, kind, cluster.random));
  globalThis.gc?.();
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  await cluster.addNodes(nodes);
  for (const job of jobs) await cluster.submit(job);
  const createdMs = performance.now();
  cluster.startScheduler();
  await cluster.untilAssigned(services * tasksPerService);
  const endMs = performance.now();
  const cpu = process.cpuUsage(cpuBefore);
  await cluster.close();
  return {
    createMs: createdMs - startMs,
    placeMs: endMs - createdMs,
    cpuMs: (cpu.user + cpu.system) / 1_000,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  };
}
