import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Task } from '@tessera/api';
import type { Host, HostProcess } from '@tessera/bed';
import { onHost } from '../../support/test-bed.js';
import { eventually } from '../../support/test-cluster.js';
import { type BenchBed, CROWD } from './bed.js';
import { type Delay, delaysOf, type HostSightings, type Sighting } from './sightings.js';

const WATCHER = new URL('./watcher.js', import.meta.url).pathname;
const KILLS = 40;
const LIMIT_MS = 20_000;

/**
 * Kills tasks one after the other, each of which has a successor at once, and tells how long both changes took from the engine's event to the last
 * node's map and name server.
 */
export async function measurePropagation(bed: BenchBed, progress: (line: string) => void): Promise<Delay[]> {
  const { hosts } = bed.cluster.bed;
  const folder = await mkdtemp(join(tmpdir(), 'bench-network-'));
  const watchers: HostProcess[] = [];
  const addresses = new Map<string, string>();
  const logOf = (host: Host): string => join(folder, `${host.name}.log`);
  const look = async (): Promise<Task[]> => {
    const running = (await bed.cluster.client.call('listTasks', { query: { service: 'bench_crowd' } })).filter(isRunning);
    for (const { status } of running) addresses.set(status.containerId ?? '', Object.values(status.addresses ?? {})[0] ?? '');
    return running;
  };
  try {
    const chain = `vip-${await bed.virtualAddress(bed.cluster.host(0), 'crowd')}`;
    for (const host of hosts) {
      const argv = [process.execPath, WATCHER, chain, await bed.nameServer(host), 'tasks.crowd'];
      watchers.push(await host.spawn(argv, { logFile: logOf(host) }));
    }
    const areSeen = async (): Promise<boolean> => (await sightings(hosts.map(logOf))).every((seen) => seesAll(seen, addresses));
    await eventually(async () => (await look()).length === CROWD && areSeen(), 'the watchers to see all tasks', LIMIT_MS);
    for (let kill = 0; kill < KILLS; kill++) {
      if (kill % 10 === 0) progress(`changes: ${kill * 2} of ${KILLS * 2}`);
      const host = hosts[kill % hosts.length] as Host;
      const victim = await oldest(host);
      await onHost(host, 'docker', 'kill', victim);
      const isReplaced = async (): Promise<boolean> => {
        const running = await look();
        return running.length === CROWD && running.every(({ status }) => status.containerId !== victim);
      };
      await eventually(isReplaced, 'a successor', LIMIT_MS);
    }
    const live = new Set((await look()).map(({ status }) => status.containerId ?? ''));
    const left = new Map([...addresses].filter(([container]) => live.has(container)));
    await eventually(async () => (await sightings(hosts.map(logOf))).every((seen) => seesAll(seen, left)), 'the last change', LIMIT_MS);
    return delaysOf(await sightings(hosts.map(logOf)), addresses);
  } finally {
    await Promise.all(watchers.map((watcher) => watcher.kill('SIGKILL')));
    await rm(folder, { recursive: true });
  }
}

/** In turn, so that none restarts so often that it must wait. */
async function oldest(host: Host): Promise<string> {
  const newestFirst = await onHost(host, 'docker', 'ps', '-q', '--no-trunc', '--filter', 'label=tessera.service-name=bench_crowd');
  return newestFirst.split('\n').at(-1) ?? '';
}

/** One that has just ended has no address any more, a little before its end is told. */
function isRunning({ status, desired }: Task): boolean {
  return status.state === 'running' && desired === 'running' && Object.keys(status.addresses ?? {}).length > 0;
}

function seesAll(seen: HostSightings, addresses: ReadonlyMap<string, string>): boolean {
  const wanted = [...addresses.values()].sort().join();
  return (['map', 'names'] as const).every((place) => {
    const latest = seen.findLast((one) => one.what === place);
    return latest !== undefined && 'addresses' in latest && [...latest.addresses].sort().join() === wanted;
  });
}

/** What each watcher has printed so far, whole lines only. */
function sightings(files: readonly string[]): Promise<HostSightings[]> {
  return Promise.all(
    files.map(async (file) => {
      const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1);
      return lines.flatMap((line): Sighting[] => (line.startsWith('{') ? [JSON.parse(line) as Sighting] : []));
    }),
  );
}
