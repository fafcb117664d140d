import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Clock, until } from '@tessera/kit';
import { Box } from '../box/box.js';
import type { ExecOptions, HostProcess, SpawnOptions } from '../box/enter.js';
import type { CgroupTree } from '../cgroup/cgroup-tree.js';
import type { Lan } from '../lan/lan.js';
import { hostAddress } from '../plan/address-plan.js';
import { hostName } from '../plan/names.js';
import { answers } from '../run/answers.js';
import type { CommandResult } from '../run/run.js';
import type { HostKind } from '../state/cluster-file.js';
import type { ClusterPaths, HostPaths } from '../state/paths.js';
import type { Host } from './host.js';

const DOCKER_READY_LIMIT_MS = 60_000;
/** So often it is started before its own complaint is told. */
const MOST_DOCKER_STARTS = 3;

/** What the hosts of one cluster have in common. */
export interface HostContext {
  cluster: string;
  paths: ClusterPaths;
  lan: Lan;
  cgroup: CgroupTree;
  clock: Clock;
  internet: boolean;
  /** See ClusterFile. */
  share: readonly string[];
}

/** What all kinds of hosts share: a box on the LAN with a Docker in it. */
export abstract class BoxHost implements Host {
  abstract readonly kind: HostKind;
  readonly name: string;
  readonly ip: string;
  protected readonly box: Box;
  protected readonly paths: HostPaths;

  constructor(
    readonly index: number,
    protected readonly context: HostContext,
  ) {
    this.name = hostName(index);
    this.ip = hostAddress(context.lan.addresses.subnet, index);
    this.paths = context.paths.host(this.name);
    this.box = new Box(this.name, this.paths, context.cgroup.child(this.name), context.clock);
  }

  /** Makes the host's files and starts its pid 1. */
  protected abstract boot(signal?: AbortSignal): Promise<void>;
  /** Plugs the host in, once it has a pid 1. */
  protected async connect(): Promise<void> {
    const leader = await this.box.leader();
    if (!leader) throw new Error(`${this.name} ended while it started: see ${this.paths.consoleLog}`);
    await this.context.lan.attach(this.index, leader.pid);
  }

  /** Starts dockerd when it does not run. */
  protected abstract launchDocker(signal?: AbortSignal): Promise<void>;
  /** @throws Error when dockerd has ended: waiting for it would be in vain. */
  protected abstract checkDocker(): Promise<void>;
  abstract killDocker(): Promise<void>;

  get dockerSocket(): string {
    return this.paths.dockerSocket;
  }

  async isOn(): Promise<boolean> {
    return (await this.box.leader()) !== undefined;
  }

  exec(argv: readonly string[], options?: ExecOptions): Promise<CommandResult> {
    return this.box.exec(argv, options);
  }

  spawn(argv: readonly string[], options: SpawnOptions): Promise<HostProcess> {
    return this.box.spawn(argv, options);
  }

  async powerOn(signal?: AbortSignal): Promise<void> {
    if (!(await this.isOn())) {
      // What an unclean end left behind: the link's other side and the cgroup of the containers.
      await this.powerOff();
      for (const folder of ['shared', 'upper', 'work', 'root', 'varLib'] as const) {
        await mkdir(this.paths[folder], { recursive: true });
      }
      await this.boot(signal);
      await this.connect();
    }
    await this.startDocker(signal);
  }

  async powerOff(): Promise<void> {
    // First the link: who loses power says no goodbye.
    if (await this.context.lan.isUp()) await this.context.lan.detach(this.index);
    await this.box.stop();
    await rm(this.dockerSocket, { force: true });
  }

  cut(other: Host): Promise<void> {
    return this.context.lan.cut(this.index, other.index);
  }

  heal(other: Host): Promise<void> {
    return this.context.lan.heal(this.index, other.index);
  }

  unplug(): Promise<void> {
    return this.context.lan.setLink(this.index, false);
  }

  plug(): Promise<void> {
    return this.context.lan.setLink(this.index, true);
  }

  async startDocker(signal?: AbortSignal): Promise<void> {
    await this.launchDocker(signal);
    let starts = 1;
    const isReady = async (): Promise<boolean> => {
      if (await answers('/_ping', this.dockerSocket)) return true;
      try {
        await this.checkDocker();
      } catch (error) {
        // As systemd would: a daemon gives up when its containerd takes long over what was running when both were killed.
        if (++starts > MOST_DOCKER_STARTS) throw error;
        await this.launchDocker(signal);
      }
      return false;
    };
    await until(isReady, {
      clock: this.context.clock,
      what: `Docker of ${this.name} to answer (see ${this.paths.dockerLog})`,
      limitMs: DOCKER_READY_LIMIT_MS,
      signal,
    });
  }
}

/** Writes a file unless it is there: what was changed on a host's disk outlasts its power. */
export async function writeOnce(path: string, text: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { flag: 'wx', mode }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

/** The end of a log, for an error message. */
export async function lastLines(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '(no log)');
  return text.trimEnd().split('\n').slice(-10).join('\n');
}
