import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, until } from '@tessera/kit';
import { Box } from '../box/box.js';
import type { ExecOptions, HostProcess, SpawnOptions } from '../box/enter.js';
import { lightHostSetup } from '../box/init-script.js';
import { isAlive, readIdentity, signalProcess } from '../box/process-identity.js';
import type { CgroupTree } from '../cgroup/cgroup-tree.js';
import type { Lan } from '../lan/lan.js';
import { hostAddress } from '../plan/address-plan.js';
import { hostName } from '../plan/names.js';
import { answers } from '../run/answers.js';
import type { CommandResult } from '../run/run.js';
import type { ClusterPaths, HostPaths } from '../state/paths.js';
import type { Host } from './host.js';
import { hostFiles } from './host-files.js';

const DOCKER_READY_LIMIT_MS = 30_000;
const DOCKER_END_LIMIT_MS = 5_000;

export interface HostContext {
  paths: ClusterPaths;
  lan: Lan;
  cgroup: CgroupTree;
  clock: Clock;
  internet: boolean;
}

/** A host made of namespaces alone: it shares the machine's programs, and has its own processes, network, disk and Docker. */
export class LightHost implements Host {
  readonly kind = 'light';
  readonly name: string;
  readonly ip: string;
  readonly dockerSocket: string;
  readonly #box: Box;
  readonly #paths: HostPaths;
  readonly #context: HostContext;

  constructor(
    readonly index: number,
    context: HostContext,
  ) {
    this.name = hostName(index);
    this.ip = hostAddress(context.lan.addresses.subnet, index);
    this.#paths = context.paths.host(this.name);
    this.dockerSocket = this.#paths.dockerSocket;
    this.#context = context;
    this.#box = new Box(this.name, this.#paths, context.cgroup.child(this.name), context.clock);
  }

  async isOn(): Promise<boolean> {
    return (await this.#box.leader()) !== undefined;
  }

  exec(argv: readonly string[], options?: ExecOptions): Promise<CommandResult> {
    return this.#box.exec(argv, options);
  }

  spawn(argv: readonly string[], options: SpawnOptions): Promise<HostProcess> {
    return this.#box.spawn(argv, options);
  }

  async powerOn(signal?: AbortSignal): Promise<void> {
    if (!(await this.isOn())) await this.#boot(signal);
    await this.startDocker(signal);
  }

  async powerOff(): Promise<void> {
    await this.#box.stop();
    await rm(this.dockerSocket, { force: true });
    if (await this.#context.lan.isUp()) await this.#context.lan.detach(this.index);
  }

  cut(other: Host): Promise<void> {
    return this.#context.lan.cut(this.index, other.index);
  }

  heal(other: Host): Promise<void> {
    return this.#context.lan.heal(this.index, other.index);
  }

  unplug(): Promise<void> {
    return this.#context.lan.setLink(this.index, false);
  }

  plug(): Promise<void> {
    return this.#context.lan.setLink(this.index, true);
  }

  async killDocker(): Promise<void> {
    const dockerd = await readIdentity(this.#paths.dockerd);
    if (!dockerd || !(await signalProcess(dockerd, 'SIGKILL'))) return;
    await until(async () => !(await isAlive(dockerd)), {
      clock: this.#context.clock,
      what: `dockerd of ${this.name} to end`,
      limitMs: DOCKER_END_LIMIT_MS,
    });
  }

  async startDocker(signal?: AbortSignal): Promise<void> {
    const running = await readIdentity(this.#paths.dockerd);
    if (!running || !(await isAlive(running))) await this.#launchDocker();
    await until(() => this.#dockerAnswers(), {
      clock: this.#context.clock,
      what: `Docker of ${this.name} to answer (see ${this.#paths.dockerLog})`,
      limitMs: DOCKER_READY_LIMIT_MS,
      signal,
    });
  }

  /** @throws Error when dockerd has ended: waiting for it would be in vain. */
  async #dockerAnswers(): Promise<boolean> {
    if (await answers('/_ping', this.dockerSocket)) return true;
    const dockerd = await readIdentity(this.#paths.dockerd);
    if (dockerd && (await isAlive(dockerd))) return false;
    throw new Error(`Docker of ${this.name} did not start:\n${await lastLines(this.#paths.dockerLog)}`);
  }

  async #launchDocker(): Promise<void> {
    // Unlike the socket, the pid file of a killed dockerd stands in the way when its pid is in use again.
    await this.#box.exec(['rm', '-f', '/run/docker.pid']);
    await this.#box.spawn(['dockerd'], {
      logFile: this.#paths.dockerLog,
      detached: true,
      identityFile: this.#paths.dockerd,
    });
  }

  async #boot(signal?: AbortSignal): Promise<void> {
    const { paths, lan, cgroup, internet } = this.#context;
    // What an unclean end left behind: the link's other side and the cgroup of the containers.
    await this.powerOff();
    for (const folder of [this.#paths.etc, this.#paths.etcWork, this.#paths.varLib]) {
      await mkdir(folder, { recursive: true });
    }
    const files = await hostFiles({
      ...this,
      registry: lan.addresses.registry,
      gateway: lan.addresses.gateway,
      internet,
    });
    for (const [path, text] of Object.entries(files)) await writeWithParents(join(this.#paths.etc, path), text);
    const setup = lightHostSetup({
      name: this.name,
      paths: this.#paths,
      devDir: paths.devDir,
      hierarchies: cgroup.hierarchies,
      cgroup: cgroup.child(this.name).path,
    });
    await this.#box.start(setup, signal);
    const leader = await this.#box.leader();
    if (!leader) throw new Error(`${this.name} ended while it started: see ${this.#paths.consoleLog}`);
    await lan.attach(this.index, leader.pid);
  }
}

async function writeWithParents(path: string, text: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, text);
}

async function lastLines(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '(no log)');
  return text.trimEnd().split('\n').slice(-10).join('\n');
}
