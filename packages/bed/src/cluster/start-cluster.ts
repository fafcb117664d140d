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
import type { HostKind } from '../state/cluster-file.js';
import { type Daemon, startDaemon } from './daemon.js';
import { findPrograms, type Programs } from './programs.js';

export const MANAGER_PORT = 4600;
const ETCD_PORT = 2379;
/** Folders in the hosts' own /var/lib. */
const MANAGER_DIR = '/var/lib/tessera-manager';
const AGENT_DIR = '/var/lib/tessera-agent';
const ETCD_DIR = '/var/lib/etcd';
/** Programs start ten times slower on emulated processors. */
const START_LIMIT_MS: Readonly<Record<HostKind, number>> = { light: 30_000, full: 30_000, vm: 300_000 };

export interface StartClusterOptions {
  /** Where the manager keeps its state; `embedded` when absent. */
  store?: 'embedded' | 'etcd';
  /** Number of the host that the manager (and etcd) runs in, from 0; the first when absent. */
  managerHost?: number;
  /** How many hosts, from that one on, have a manager: 1 when absent. More need etcd. */
  managers?: number;
  /** Of the managers, such as `10s`; their own default when absent. */
  nodeTimeout?: string;
  /** The daemons live on when this process ends; otherwise they are killed then. */
  detached?: boolean;
  programs?: Programs;
  onProgress?: (event: BedProgress) => void;
  signal?: AbortSignal;
  clock?: Clock;
  random?: Random;
}

/** A Tessera cluster in a bed: one manager or several, and an agent in every host. */
export interface RunningCluster {
  cluster: NewCluster;
  /** `https://address:port` of the first manager, reachable from the hosts and from the machine. */
  endpoint: string;
  /** As admin. */
  client: Client;
  manager: Daemon;
  /** All of them, the one above first. */
  managers: Daemon[];
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
  const managers = await start.managers();
  const agents = await Promise.all(bed.hosts.map((host) => start.agent(host)));
  await start.nodesReady(agents);
  return { ...start.result(), manager: managers[0] as Daemon, managers, agents, ...(etcd && { etcd }) };
}

interface Preparation {
  bed: Bed;
  options: StartClusterOptions;
  clock: Clock;
  programs: Programs;
  cluster: NewCluster;
  /** The first one has etcd, too. */
  managerHosts: readonly Host[];
}

class ClusterStart {
  readonly #parts: Preparation;
  readonly #endpoints: readonly string[];
  readonly #transport: HttpsTransport;
  readonly #client: Client;

  private constructor(parts: Preparation) {
    this.#parts = parts;
    this.#endpoints = parts.managerHosts.map(endpointOf);
    this.#transport = new HttpsTransport({ addresses: this.#endpoints, credentials: parts.cluster.admin, clock: parts.clock });
    this.#client = new Client(this.#transport);
  }

  static async prepare(bed: Bed, options: StartClusterOptions): Promise<ClusterStart> {
    const { clock = new SystemClock(), random = new SystemRandom(), managerHost = 0, managers = 1 } = options;
    const programs = options.programs ?? (await findPrograms());
    const managerHosts = bed.hosts.slice(managerHost, managerHost + managers);
    const [host] = managerHosts;
    if (!host || managerHosts.length < managers)
      throw new Error(`the bed "${bed.name}" has no host number ${managerHost + managers} for the manager`);
    if (managers > 1 && options.store !== 'etcd') throw new Error('several managers need etcd: the embedded store serves one');
    const cluster = await makeCluster(bed.name, managerHosts, clock, random);
    options.onProgress?.({ host: host.name, message: 'keys of the cluster made' });
    return new ClusterStart({ bed, options, clock, programs, cluster, managerHosts });
  }

  async etcd(): Promise<Daemon> {
    const { bed, options } = this.#parts;
    const host = this.#first;
    const client = `http://${host.ip}:${ETCD_PORT}`;
    const argv = ['etcd', '--data-dir', ETCD_DIR, '--listen-client-urls', client, '--advertise-client-urls', client];
    const daemon = await startDaemon({ bed: bed.name, host, name: 'etcd', argv, detached: options.detached ?? false });
    await daemon.until(() => answersOk(`${client}/health`), `etcd of ${host.name} to answer`, this.#limits());
    options.onProgress?.({ host: host.name, message: 'etcd runs' });
    return daemon;
  }

  /** One after the other: the first one writes the cluster's own object. */
  async managers(): Promise<Daemon[]> {
    const daemons: Daemon[] = [];
    for (const host of this.#parts.managerHosts) daemons.push(await this.#manager(host));
    return daemons;
  }

  async #manager(host: Host): Promise<Daemon> {
    const { bed, options, programs } = this.#parts;
    const store = options.store === 'etcd' ? ['--store', `etcd://${this.#first.ip}:${ETCD_PORT}`] : [];
    const listen = ['--listen', `0.0.0.0:${MANAGER_PORT}`, '--advertise', host.ip];
    const timeout = options.nodeTimeout ? ['--node-timeout', options.nodeTimeout] : [];
    const argv = [...programs.manager, '--data-dir', MANAGER_DIR, ...listen, ...store, ...timeout];
    const daemon = await startDaemon({ bed: bed.name, host, name: 'manager', argv, detached: options.detached ?? false });
    await daemon.until(() => this.#answers(host), `the manager of ${host.name} to answer`, this.#limits());
    options.onProgress?.({ host: host.name, message: `manager runs at ${endpointOf(host)}` });
    return daemon;
  }

  /** Lets a host join and starts its agent. */
  async agent(host: Host): Promise<Daemon> {
    const { bed, options, programs, cluster } = this.#parts;
    const common = ['--data-dir', AGENT_DIR, '--advertise-address', host.ip];
    const managers = this.#endpoints.flatMap((endpoint) => ['--manager', endpoint]);
    const join = ['join', ...common, ...managers, '--token', cluster.workerToken, '--name', host.name];
    const { code, stdout, stderr } = await host.exec([...programs.agent, ...join], { timeoutMs: this.#limits().limitMs });
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
    return { cluster: this.#parts.cluster, endpoint: endpointOf(this.#first), client: this.#client, close: () => this.#transport.close() };
  }

  #limits(): { clock: Clock; limitMs: number; signal?: AbortSignal | undefined } {
    return { clock: this.#parts.clock, limitMs: START_LIMIT_MS[this.#parts.bed.kind], signal: this.#parts.options.signal };
  }

  get #first(): Host {
    return this.#parts.managerHosts[0] as Host;
  }

  async #answers(host: Host): Promise<boolean> {
    const { cluster, clock } = this.#parts;
    const transport = new HttpsTransport({ addresses: [endpointOf(host)], credentials: cluster.admin, clock });
    return new Client(transport)
      .call('getInfo', {})
      .then(
        () => true,
        () => false,
      )
      .finally(() => transport.close());
  }
}

function endpointOf(host: Host): string {
  return `https://${host.ip}:${MANAGER_PORT}`;
}

/** Makes the keys on the machine, then moves them to the managers' hosts, whose disks may not be visible here. */
async function makeCluster(name: string, hosts: readonly Host[], clock: Clock, random: Random): Promise<NewCluster> {
  const draft = await mkdtemp(join(tmpdir(), 'tessera-cluster-'));
  try {
    const dataDir = join(draft, 'data');
    const addresses = [...hosts.flatMap(({ ip, name: hostName }) => [ip, hostName]), '127.0.0.1'];
    const cluster = await initCluster({ dataDir, name, addresses, clock, random });
    const entries = await readdir(dataDir, { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((each) => each.isFile())) {
      const path = join(entry.parentPath, entry.name);
      const text = await readFile(path, 'utf8');
      await Promise.all(hosts.map((host) => writeInHost(host, join(MANAGER_DIR, relative(dataDir, path)), text)));
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
