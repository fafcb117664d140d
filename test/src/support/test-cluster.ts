import type { Client, Node, Task } from '@tessera/api';
import { Bed, type Host, type HostKind, type HostProcess } from '@tessera/bed';
import { type Daemon, MANAGER_PORT, type RunningCluster, startCluster } from '@tessera/bed/cluster/index';
import { SystemClock, until } from '@tessera/kit';
import { assertMachineClean, type MachineSnapshot, snapshotMachine } from './leftovers.js';
import { commandOutput, concerning, testBedName } from './test-bed.js';
import { Tsctl } from './tsctl.js';

const LOOK_INTERVAL_MS = 100;
/** So many times longer than a limit says is waited: a machine that is busy with something else is no failure, and what comes in time costs nothing. */
const PATIENCE = 4;
/** Of the managers: on a busy machine an agent may well say nothing for longer than they would wait by themselves. */
const NODE_TIMEOUT = '10s';

export interface TestClusterOptions {
  /** Short and unique among the tests: the bed is named after it. */
  what: string;
  store: 'embedded' | 'etcd';
  hosts: number;
  /** In the first hosts; 1 when absent. */
  managers?: number;
  /** `light` when absent. */
  kind?: HostKind;
  /** So many of the first hosts are light ones, whatever the kind. */
  light?: number;
}

/** A real cluster for one test file: hosts with Docker engines, a manager in the first one, an agent in each, and `tsctl`. */
export class TestCluster {
  #names: ReadonlyMap<string, string> | undefined;

  private constructor(
    readonly bed: Bed,
    readonly tsctl: Tsctl,
    /** In the order of the hosts. */
    readonly managers: readonly HostDaemon[],
    /** In the order of the hosts. */
    readonly agents: readonly HostDaemon[],
    readonly etcd: HostDaemon | undefined,
    private readonly running: RunningCluster,
    private readonly machine: MachineSnapshot,
  ) {}

  /** When it fails, nothing is left. */
  static async create({ what, store, hosts, managers = 1, kind = 'light', light = 0 }: TestClusterOptions): Promise<TestCluster> {
    const machine = await snapshotMachine();
    const name = testBedName(what);
    const bed = await Bed.create({ name, hosts, kind, light });
    const tsctl = await Tsctl.create();
    try {
      const running = await startCluster(bed, { store, managers, nodeTimeout: NODE_TIMEOUT });
      const endpoints = bed.hosts.slice(0, managers).map(({ ip }) => `https://${ip}:${MANAGER_PORT}`);
      const context = { endpoints, ...running.cluster.admin };
      await tsctl.succeed(['context', 'import', '--use', name], { input: JSON.stringify(context) });
      const daemons = running.managers.map((manager, at) => new HostDaemon(hostAt(bed, at), manager));
      const agents = running.agents.map((agent, at) => new HostDaemon(hostAt(bed, at), agent));
      const etcd = running.etcd && new HostDaemon(hostAt(bed, 0), running.etcd);
      return new TestCluster(bed, tsctl, daemons, agents, etcd, running, machine);
    } catch (error) {
      await Promise.all([Bed.destroy(name), tsctl.remove()]);
      throw error;
    }
  }

  /** An administrator's certificate. */
  get admin(): RunningCluster['cluster']['admin'] {
    return this.running.cluster.admin;
  }

  /** For looking often; what a person does goes through {@link tsctl}. */
  get client(): Client {
    return this.running.client;
  }

  /** @throws Error when something of it is left on the machine. */
  async destroy(): Promise<void> {
    this.running.close();
    const network = this.bed.hosts[0]?.ip;
    await Promise.all([Bed.destroy(this.bed.name), this.tsctl.remove()]);
    await assertMachineClean(this.machine, concerning(this.bed.name, network));
  }

  /** The first one. */
  get manager(): HostDaemon {
    return this.managers[0] as HostDaemon;
  }

  host(at: number): Host {
    return hostAt(this.bed, at);
  }

  agent(at: number): HostDaemon {
    const agent = this.agents[at];
    if (!agent) throw new Error(`there is no agent number ${at}`);
    return agent;
  }

  liveTasks(): Promise<Task[]> {
    return this.tsctl.json<Task[]>('ps');
  }

  async #nodeNames(): Promise<ReadonlyMap<string, string>> {
    this.#names ??= new Map((await this.tsctl.json<Node[]>('node', 'ls')).map((node) => [node.id, node.name]));
    return this.#names;
  }

  /** A line `<task> on <node>: <state>` for each task. */
  async #linesOf(tasks: readonly Task[]): Promise<string[]> {
    const names = await this.#nodeNames();
    return tasks.map(({ id, nodeId = '', status }) => taskLine(id, names.get(nodeId) ?? '-', status.state)).sort();
  }

  /** What the hosts' engines run: a line `<task> on <node>: <state>` for each container. */
  async tasksByDocker(): Promise<string[]> {
    const lines = await Promise.all(this.bed.hosts.map(async (host) => ((await host.isOn()) ? containerLines(host) : [])));
    return lines.flat().sort();
  }

  /** Waits until `tsctl ps` and the engines agree exactly. @returns the live tasks. @throws Error with what each of them says. */
  async agree(limitMs = 10_000): Promise<Task[]> {
    let said: { ps: string[]; docker: string[] } = { ps: [], docker: [] };
    const look = async (): Promise<Task[] | undefined> => {
      const [tasks, docker] = await Promise.all([this.liveTasks(), this.tasksByDocker()]);
      said = { ps: await this.#linesOf(tasks), docker };
      return said.ps.join('\n') === docker.join('\n') ? tasks : undefined;
    };
    return eventually(look, 'tsctl ps and docker ps to agree', limitMs).catch((error: Error) => {
      throw new Error(`${error.message}\n${difference(said)}`);
    });
  }
}

/** A daemon of a cluster that can be killed and started again as it was. */
export class HostDaemon {
  private process: HostProcess;

  constructor(
    readonly host: Host,
    private readonly daemon: Daemon,
  ) {
    this.process = daemon.process;
  }

  /** kill -9, and waits until it has ended. */
  async kill9(): Promise<void> {
    await this.process.kill('SIGKILL');
    await this.process.exited;
  }

  /** As it was, with more options if there are any. */
  async start(...options: string[]): Promise<void> {
    const { argv, logFile } = this.daemon;
    this.process = await this.host.spawn([...argv, ...options], { logFile });
  }
}

/** `until` on the real clock, with a pause that leaves the machine to those that are looked at. */
export function eventually<T>(condition: () => Promise<T>, what: string, limitMs: number): ReturnType<typeof until<T>> {
  return until(condition, { clock: new SystemClock(), what, limitMs: PATIENCE * limitMs, intervalMs: LOOK_INTERVAL_MS });
}

/** Runs `docker` with a host's engine. @returns its lines. */
export async function dockerLines(host: Host, ...args: string[]): Promise<string[]> {
  const out = await commandOutput('docker', ['--host', `unix://${host.dockerSocket}`, ...args]);
  return out.split('\n').filter((line) => line !== '');
}

async function containerLines(host: Host): Promise<string[]> {
  const format = '{{.Label "tessera.task"}} {{.State}}';
  const lines = await dockerLines(host, 'ps', '--filter', 'label=tessera.task', '--format', format);
  return lines.map((line) => {
    const [task = '', state = ''] = line.split(' ');
    return taskLine(task, host.name, state);
  });
}

function taskLine(task: string, node: string, state: string): string {
  return `${task} on ${node}: ${state}`;
}

function difference({ ps, docker }: { ps: string[]; docker: string[] }): string {
  const onlyPs = ps.filter((line) => !docker.includes(line)).map((line) => `only tsctl ps: ${line}`);
  const onlyDocker = docker.filter((line) => !ps.includes(line)).map((line) => `only docker ps: ${line}`);
  return [...onlyPs, ...onlyDocker].join('\n');
}

function hostAt(bed: Bed, at: number): Host {
  const host = bed.hosts[at];
  if (!host) throw new Error(`the bed ${bed.name} has no host number ${at}`);
  return host;
}
