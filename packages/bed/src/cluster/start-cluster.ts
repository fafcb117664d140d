import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { Client } from '@tessera/api';
import { type Clock, type Random, SystemClock, SystemRandom } from '@tessera/kit';
import { initCluster, type NewCluster } from '@tessera/kit/pki/index';
import { HttpsTransport } from '@tessera/kit/transport/index';
import type { Bed } from '../bed/bed.js';
import type { BedProgress } from '../bed/options.js';
import type { Host } from '../host/host.js';
import { type Daemon, startDaemon } from './daemon.js';
import { findPrograms, type Programs } from './programs.js';

export const MANAGER_PORT = 4600;
const ETCD_PORT = 2379;
/** Folders in the hosts' own /var/lib. */
const MANAGER_DIR = '/var/lib/tessera-manager';
const AGENT_DIR = '/var/lib/tessera-agent';
const ETCD_DIR = '/var/lib/etcd';
const START_LIMIT_MS = 30_000;

export interface StartClusterOptions {
  /** Where the manager keeps its state; `embedded` when absent. */
  store?: 'embedded' | 'etcd';
  /** Number of the host that the manager (and etcd) runs in, from 0; the first when absent. */
  managerHost?: number;
  /** The daemons live on when this process ends; otherwise they are killed then. */
  detached?: boolean;
  programs?: Programs;
  onProgress?: (event: BedProgress) => void;
  signal?: AbortSignal;
  clock?: Clock;
  random?: Random;
}

/** A Tessera cluster in a bed: one manager, and an agent in every host. */
export interface RunningCluster {
  cluster: NewCluster;
  /** `https://address:port` of the manager, reachable from the hosts and from the machine. */
  endpoint: string;
  /** As admin. */
  client: Client;
  manager: Daemon;
  /** In the order of the bed's hosts. */
  agents: Daemon[];
  etcd?: Daemon;
  /** Closes the client's connections. */
  close(): void;
}

/** Starts a cluster on the hosts of a bed and waits until all nodes are ready. @throws Error with the end of the log of what did not start. */
export async function startCluster(bed: Bed, options: StartClusterOptions = {}): Promise<RunningCluster> {
  const start = await ClusterStart.prepare(bed, options);
  const etcd = options.store === 'etcd' ? await start.etcd() : undefined;
  const manager = await start.manager();
  const agents = await Promise.all(bed.hosts.map((host) => start.agent(host)));
  await start.nodesReady(agents);
  return { ...start.result(), manager, agents, ...(etcd && { etcd }) };
}

interface Preparation {
  bed: Bed;
  options: StartClusterOptions;
  clock: Clock;
  programs: Programs;
  cluster: NewCluster;
  managerHost: Host;
}

class ClusterStart {
  readonly #parts: Preparation;
  readonly #endpoint: string;
  readonly #transport: HttpsTransport;
  readonly #client: Client;

  private constructor(parts: Preparation) {
    this.#parts = parts;
    this.#endpoint = `https://${parts.managerHost.ip}:${MANAGER_PORT}`;
    this.#transport = new HttpsTransport({ addresses: [this.#endpoint], credentials: parts.cluster.admin, clock: parts.clock });
    this.#client = new Client(this.#transport);
  }

  static async prepare(bed: Bed, options: StartClusterOptions): Promise<ClusterStart> {
    const { clock = new SystemClock(), random = new SystemRandom(), managerHost = 0 } = options;
    const programs = options.programs ?? (await findPrograms());
    const host = bed.hosts[managerHost];
    if (!host) throw new Error(`the bed "${bed.name}" has no host number ${managerHost + 1} for the manager`);
    const cluster = await makeCluster(bed.name, host, clock, random);
    options.onProgress?.({ host: host.name, message: 'keys of the cluster made' });
    return new ClusterStart({ bed, options, clock, programs, cluster, managerHost: host });
  }

  async etcd(): Promise<Daemon> {
    const { bed, managerHost: host, options } = this.#parts;
    const client = `http://${host.ip}:${ETCD_PORT}`;
    const argv = ['etcd', '--data-dir', ETCD_DIR, '--listen-client-urls', client, '--advertise-client-urls', client];
    const daemon = await startDaemon({ bed: bed.name, host, name: 'etcd', argv, detached: options.detached ?? false });
    await daemon.until(() => answersOk(`${client}/health`), `etcd of ${host.name} to answer`, this.#limits());
    options.onProgress?.({ host: host.name, message: 'etcd runs' });
    return daemon;
  }

  async manager(): Promise<Daemon> {
    const { bed, managerHost: host, options, programs } = this.#parts;
    const store = options.store === 'etcd' ? ['--store', `etcd://${host.ip}:${ETCD_PORT}`] : [];
    const argv = [...programs.manager, '--data-dir', MANAGER_DIR, '--listen', `0.0.0.0:${MANAGER_PORT}`, ...store];
    const daemon = await startDaemon({ bed: bed.name, host, name: 'manager', argv, detached: options.detached ?? false });
    await daemon.until(() => this.#managerAnswers(), `the manager of ${host.name} to answer`, this.#limits());
    options.onProgress?.({ host: host.name, message: `manager runs at ${this.#endpoint}` });
    return daemon;
  }

  /** Lets a host join and starts its agent. */
  async agent(host: Host): Promise<Daemon> {
    const { bed, options, programs, cluster } = this.#parts;
    const common = ['--data-dir', AGENT_DIR, '--advertise-address', host.ip];
    const join = ['join', ...common, '--manager', this.#endpoint, '--token', cluster.workerToken, '--name', host.name];
    const { code, stdout, stderr } = await host.exec([...programs.agent, ...join]);
    if (code !== 0) throw new Error(`${host.name} could not join the cluster:\n${stderr}${stdout}`);
    const argv = [...programs.agent, 'run', ...common];
    const daemon = await startDaemon({ bed: bed.name, host, name: 'agent', argv, detached: options.detached ?? false });
    options.onProgress?.({ host: host.name, message: 'joined, agent runs' });
    return daemon;
  }

  async nodesReady(agents: readonly Daemon[]): Promise<void> {
    const isReady = async (name: string): Promise<boolean> => {
      const nodes = await this.#client.call('listNodes', {});
      return nodes.some((node) => node.name === name && node.status.state === 'ready');
    };
    const { bed } = this.#parts;
    await Promise.all(bed.hosts.map((host, at) => agents[at]?.until(() => isReady(host.name), `${host.name} to be ready`, this.#limits())));
    this.#parts.options.onProgress?.({ message: `${bed.hosts.length} nodes ready` });
  }

  result(): Pick<RunningCluster, 'cluster' | 'endpoint' | 'client' | 'close'> {
    return { cluster: this.#parts.cluster, endpoint: this.#endpoint, client: this.#client, close: () => this.#transport.close() };
  }

  #limits(): { clock: Clock; limitMs: number; signal?: AbortSignal | undefined } {
    return { clock: this.#parts.clock, limitMs: START_LIMIT_MS, signal: this.#parts.options.signal };
  }

  async #managerAnswers(): Promise<boolean> {
    return this.#client.call('getInfo', {}).then(
      () => true,
      () => false,
    );
  }
}

/** Makes the keys on the machine, then moves them to the manager's host, whose disk may not be visible here. */
async function makeCluster(name: string, host: Host, clock: Clock, random: Random): Promise<NewCluster> {
  const draft = await mkdtemp(join(tmpdir(), 'tessera-cluster-'));
  try {
    const dataDir = join(draft, 'data');
    const cluster = await initCluster({ dataDir, name, addresses: [host.ip, host.name, '127.0.0.1'], clock, random });
    const entries = await readdir(dataDir, { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((each) => each.isFile())) {
      const path = join(entry.parentPath, entry.name);
      await writeInHost(host, join(MANAGER_DIR, relative(dataDir, path)), await readFile(path, 'utf8'));
    }
    return cluster;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function writeInHost(host: Host, path: string, text: string): Promise<void> {
  const script = 'umask 077; mkdir -p "$(dirname "$1")" && cat > "$1"';
  const { code, stderr } = await host.exec(['sh', '-c', script, 'sh', path], { input: text });
  if (code !== 0) throw new Error(`${host.name}: ${path} cannot be written: ${stderr}`);
}

async function answersOk(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}
