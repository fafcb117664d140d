import { BenchCluster } from './cluster.js';
import { makeJob, makeTask } from './workload.js';

const NODES = 5_000;
const JOBS = 100;
const TASKS_PER_JOB = 1_000;
/** So many single tasks are placed first, unmeasured: the code is compiled by then. */
const WARM_UP = 500;
const SAMPLES = 2_000;

export interface OneTask {
  /** From creating the task to its assignment in the view: milliseconds. */
  latenciesMs: number[];
  /** Processor time of the whole process for each: tells what a busy machine adds. */
  cpusMs: number[];
}

/** Places single tasks, one after the other, in a cluster that has its tasks. */
export async function placeOneByOne(): Promise<OneTask> {
  const cluster = await BenchCluster.open();
  cluster.startScheduler();
  await cluster.addNodes(NODES);
  const jobs = Array.from({ length: JOBS }, (_, index) => makeJob(index, TASKS_PER_JOB, 'constraints', cluster.random));
  for (const job of jobs) await cluster.submit(job);
  await cluster.untilAssigned(cluster.submitted);
  const [latenciesMs, cpusMs]: [number[], number[]] = [[], []];
  for (let count = 0; count < WARM_UP + SAMPLES; count++) {
    const task = makeTask(jobs[count % JOBS]!.service, TASKS_PER_JOB + 1 + count, cluster.random);
    const cpuBefore = process.cpuUsage();
    const startMs = performance.now();
    await cluster.addTask(task);
    await cluster.untilAssigned(cluster.submitted);
    const tookMs = performance.now() - startMs;
    const cpu = process.cpuUsage(cpuBefore);
    if (count >= WARM_UP) {
      latenciesMs.push(tookMs);
      cpusMs.push((cpu.user + cpu.system) / 1_000);
    }
    // As between two real tasks, the process may do other things.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await cluster.close();
  return { latenciesMs, cpusMs };
}
