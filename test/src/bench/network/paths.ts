import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Host, HostProcess } from '@tessera/bed';
import { onHost } from '../../support/test-bed.js';
import { eventually } from '../../support/test-cluster.js';
import { median } from '../statistics.js';

const PING_PONG = new URL('../../../testdata/ping-pong.py', import.meta.url).pathname;
const IPERF_PORT = 5_201;
const PING_PORT = 5_202;
const SECONDS = 1;
const ROUNDS = 15;
const READY_LIMIT_MS = 10_000;
const BITS_PER_GBIT = 1e9;

/** A place that packets come from or go to: a host itself, or a network namespace in it. */
export interface Place {
  host: Host;
  /** What a command begins with to run there. */
  enter: readonly string[];
}

/** A way from a client to a server that listens in a place. */
export interface Path {
  name: string;
  client: Place;
  server: Place;
  /** Where the client finds the server. */
  address: string;
}

export interface PathResult {
  name: string;
  /** Of each round. */
  gbits: number[];
  /** Median and 99th percentile of a round trip in each round, in microseconds. */
  p50: number[];
  p99: number[];
}

/** Throughput (one TCP stream) and round trips of all paths, in short rounds by turns, so that a busy moment of the machine hits all of them. */
export async function measurePaths(paths: readonly Path[], progress: (line: string) => void): Promise<PathResult[]> {
  const servers = await Servers.start(paths.map(({ server }) => server));
  const results = paths.map(({ name }): PathResult => ({ name, gbits: [], p50: [], p99: [] }));
  try {
    for (const path of paths) await eventually(() => answers(path), `the server of ${path.name} to answer`, READY_LIMIT_MS);
    for (let round = 0; round < ROUNDS; round++) {
      progress(`paths: round ${round + 1} of ${ROUNDS}`);
      for (const [at, path] of paths.entries()) await measure(path, results[at] as PathResult);
    }
  } finally {
    await servers.stop();
  }
  return results;
}

/** The median of round by round ratios: both were measured within seconds. */
export function ratio(a: readonly number[], b: readonly number[]): number {
  return median(a.map((value, round) => value / (b[round] as number)));
}

async function measure(path: Path, result: PathResult): Promise<void> {
  const json = await run(path.client, 'iperf3', '-J', '-c', path.address, '-p', String(IPERF_PORT), '-t', String(SECONDS));
  const report = JSON.parse(json) as { end: { sum_received: { bits_per_second: number } } };
  result.gbits.push(report.end.sum_received.bits_per_second / BITS_PER_GBIT);
  const [, p50, p99] = (await pingPong(path, SECONDS)).split(' ').map(Number);
  result.p50.push(p50 as number);
  result.p99.push(p99 as number);
}

function pingPong(path: Path, seconds: number): Promise<string> {
  return run(path.client, 'python3', PING_PONG, 'ask', path.address, String(PING_PORT), String(seconds));
}

async function answers(path: Path): Promise<boolean> {
  return pingPong(path, 0.05).then(
    () => true,
    () => false,
  );
}

function run({ host, enter }: Place, ...argv: string[]): Promise<string> {
  return onHost(host, ...enter, ...argv);
}

class Servers {
  private constructor(
    private readonly folder: string,
    private readonly processes: readonly HostProcess[],
  ) {}

  /** One pair of servers in each place that is named, however often. */
  static async start(places: readonly Place[]): Promise<Servers> {
    const folder = await mkdtemp(join(tmpdir(), 'bench-network-'));
    const distinct = new Map(places.map((place) => [`${place.host.name} ${place.enter.join(' ')}`, place]));
    const starts = [...distinct.values()].flatMap(({ host, enter }) =>
      [
        ['iperf3', '-s', '-p', String(IPERF_PORT)],
        ['python3', PING_PONG, 'serve', String(PING_PORT)],
      ].map((argv, at) => host.spawn([...enter, ...argv], { logFile: join(folder, `${at}.log`) })),
    );
    return new Servers(folder, await Promise.all(starts));
  }

  async stop(): Promise<void> {
    await Promise.all(this.processes.map((one) => one.kill('SIGKILL')));
    await rm(this.folder, { recursive: true });
  }
}
