import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  compareStates,
  defaultTemplate,
  type FileContent,
  type LogOptions,
  type NetworkAssignment,
  type TaskAssignment,
  type TaskReport,
  type TaskStatus,
} from '@tessera/api';
import type { Host } from '@tessera/bed';
import { SystemClock, until } from '@tessera/kit';
import type { Answer, ChildSettings, Order } from './agent-child.js';

const CHILD = fileURLToPath(new URL('./agent-child.js', import.meta.url));
const WAIT_LIMIT_MS = 30_000;
/** The network of every test task. */
export const NETWORK: NetworkAssignment = {
  id: 'net1',
  name: 'app_default',
  vni: 4_100,
  subnet: '10.201.0.0/16',
  block: '10.201.1.0/24',
  internal: false,
  attachable: false,
  driverOptions: {},
  peers: [],
};

/** An agent on a host of a bed, that a test gives desired sets and may kill. */
export class TestAgent {
  readonly #host: Host;
  readonly #folder: string;
  readonly #clock = new SystemClock();
  #child: ChildProcess | undefined;
  #seq = 0;
  /** All reports, in order. */
  readonly reports: TaskReport[] = [];
  /** What the agent held when it last started. */
  held: TaskReport[] = [];
  readonly logLines: string[] = [];

  private constructor(host: Host, folder: string) {
    this.#host = host;
    this.#folder = folder;
  }

  static async start(host: Host): Promise<TestAgent> {
    const agent = new TestAgent(host, await mkdtemp(join(tmpdir(), 'tessera-agent-')));
    await agent.boot();
    return agent;
  }

  /** Starts the process, again after a kill. */
  async boot(): Promise<void> {
    const settings: ChildSettings = {
      socketPath: this.#host.dockerSocket,
      folder: this.#folder,
      dockerConfigFile: join(this.#folder, 'docker.json'),
      logLevel: process.env.AGENT_LOG === 'debug' ? 'debug' : 'error',
    };
    const child = fork(CHILD, [JSON.stringify(settings)]);
    this.#child = child;
    let told = false;
    child.on('message', (answer: Answer) => {
      if (answer.type === 'report') this.reports.push(answer.report);
      if (answer.type === 'log') this.logLines.push(answer.line);
      if (answer.type === 'held') {
        this.held = answer.tasks;
        told = true;
      }
    });
    await this.waitFor('the agent to start', () => told);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  desire(tasks: readonly TaskAssignment[], { networks = [NETWORK], files = [] as FileContent[] } = {}): void {
    this.#seq += 1;
    this.#send({ type: 'desired', seq: this.#seq, items: { tasks: [...tasks], ended: [], networks, services: [], files } });
  }

  logs(taskId: string, options: Partial<LogOptions> = {}): void {
    this.#send({ type: 'logs', taskId, options: { follow: false, timestamps: false, stdout: true, stderr: true, ...options } });
  }

  /** Gives the agent's engine credentials for a registry, as `docker login` does. */
  async logIn(registry: string, user: string, password: string): Promise<void> {
    const auth = Buffer.from(`${user}:${password}`).toString('base64');
    await writeFile(join(this.#folder, 'docker.json'), JSON.stringify({ auths: { [registry]: { auth } } }));
  }

  folderFor(name: string): Promise<string> {
    const path = join(this.#folder, name);
    return mkdir(path, { recursive: true }).then(() => path);
  }

  last(taskId: string): TaskStatus | undefined {
    return this.reports.filter((report) => report.taskId === taskId).at(-1)?.status;
  }

  async reaches(taskId: string, state: TaskStatus['state']): Promise<TaskStatus> {
    return this.waitFor(`task ${taskId} to be ${state}; it is ${JSON.stringify(this.last(taskId))}`, () => {
      const status = this.last(taskId);
      return status && compareStates(status.state, state) >= 0 ? status : undefined;
    });
  }

  successorOf(taskId: string): Promise<TaskReport> {
    return this.waitFor(`a successor of ${taskId}`, () => this.reports.find((report) => report.successorOf === taskId));
  }

  async waitFor<T>(what: string, condition: () => T | Promise<T>) {
    return until(condition, { clock: this.#clock, what, limitMs: WAIT_LIMIT_MS });
  }

  /** Ends the agent and removes all that it made. */
  async dispose(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #send(order: Order): void {
    this.#child?.send(order);
  }
}

/** A task of the service `web` that runs `command` in the test's image. */
export function testTask(
  id: string,
  image: string,
  command: readonly string[],
  change: (task: TaskAssignment) => void = () => {},
): TaskAssignment {
  const template = defaultTemplate(image);
  template.container.command = [...command];
  template.container.stopGraceMs = 1_000;
  template.restart.delayMs = 100;
  const task: TaskAssignment = {
    id,
    serviceId: 'svc1',
    serviceName: 'web',
    serviceLabels: { tier: 'front' },
    slot: 1,
    specRevision: 1,
    desired: 'running',
    restarts: [],
    template,
    networks: [{ networkId: NETWORK.id, name: NETWORK.name, aliases: [] }],
    hostPorts: [],
    configIds: {},
    secretIds: {},
  };
  change(task);
  return task;
}
