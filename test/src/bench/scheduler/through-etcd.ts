import { SeededRandom, SystemClock, silentLog } from '@tessera/kit';
import { EtcdKv } from '@tessera/manager/adapters/kv/etcd/etcd-kv';
import type { Kv, KvTxn } from '@tessera/manager/ports/kv';
import { delegate } from '@tessera/manager/state/testing/delegate-kv';
import { EtcdServer } from '../../support/etcd.js';
import { BenchCluster } from './cluster.js';
import { makeJob } from './workload.js';

const NODES = 1_000;
const JOBS = 20;
const TASKS_PER_JOB = 1_000;
/** As many as the store has under way at a time. */
const LANES = 8;

export interface ThroughEtcd {
  tasks: number;
  /** All tasks placed and committed, from the start of the scheduler on: milliseconds. */
  placeMs: number;
  txns: number;
  /** The very txns again, written by a loop that does nothing else: milliseconds. */
  bareMs: number;
  /** Processor time of this process while it placed, and while it only wrote: milliseconds. */
  cpuMs: number;
  bareCpuMs: number;
}

/** Assigns tasks whose state is in a real etcd on loopback, and compares with etcd alone. */
export async function placeThroughEtcd(): Promise<ThroughEtcd> {
  const server = await EtcdServer.start();
  try {
    const recorded: KvTxn[] = [];
    const kv = connect(server, 'bench/');
    const record: Kv['txn'] = (txn) => {
      recorded.push(txn);
      return kv.txn(txn);
    };
    const cluster = await BenchCluster.open({ ...delegate(kv), txn: record });
    await cluster.addNodes(NODES);
    for (let index = 0; index < JOBS; index++) await cluster.submit(makeJob(index, TASKS_PER_JOB, 'constraints', cluster.random));
    recorded.length = 0;
    const placing = await timed(async () => {
      cluster.startScheduler();
      await cluster.untilAssigned(cluster.submitted);
    });
    await cluster.close();
    const bare = await replay(server, recorded);
    return {
      tasks: cluster.submitted,
      placeMs: placing.tookMs,
      txns: recorded.length,
      bareMs: bare.tookMs,
      cpuMs: placing.cpuMs,
      bareCpuMs: bare.cpuMs,
    };
  } finally {
    await server.stop();
  }
}

/** The same ops in the same txns elsewhere, without compares: nothing of them exists there. */
async function replay(server: EtcdServer, txns: readonly KvTxn[]): Promise<{ tookMs: number; cpuMs: number }> {
  const kv = connect(server, 'replay/');
  const queue = txns.map(({ ops }) => ({ compares: [], ops }));
  const lane = async (): Promise<void> => {
    for (let txn = queue.pop(); txn; txn = queue.pop()) await kv.txn(txn);
  };
  const result = await timed(async () => void (await Promise.all(Array.from({ length: LANES }, lane))));
  await kv.close();
  return result;
}

async function timed(work: () => Promise<void>): Promise<{ tookMs: number; cpuMs: number }> {
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  await work();
  const cpu = process.cpuUsage(cpuBefore);
  return { tookMs: performance.now() - startMs, cpuMs: (cpu.user + cpu.system) / 1_000 };
}

function connect(server: EtcdServer, namespace: string): EtcdKv {
  return new EtcdKv({ hosts: [server.host], namespace, clock: new SystemClock(), random: new SeededRandom(3), log: silentLog });
}
