import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { type Clock, until } from '@tessera/kit';
import type { CgroupTree } from '../cgroup/cgroup-tree.js';
import { type CommandResult, run } from '../run/run.js';
import { searchPath } from '../run/search-path.js';
import type { BoxPaths } from '../state/paths.js';
import { type ExecOptions, execIn, type HostProcess, type Place, type SpawnOptions, spawnIn } from './enter.js';
import { isAlive, type ProcessIdentity, readIdentity, signalProcess } from './process-identity.js';

const START_LIMIT_MS = 30_000;
const START_INTERVAL_MS = 5;
/** Processes live in this leaf of the box's cgroup: cgroup v2 takes no processes beside child groups. */
const LEAF = 'init';

/*
 * Joining the box's cgroup before leaving for a cgroup namespace makes it that namespace's root. $1 and $2 are the lists of
 * cgroup.procs files of the box and of its leaf, $3 is the script to run.
 */
const JOIN = `set -e
for procs in $1; do echo $$ > "$procs"; done`;

/** How a box comes to its namespaces: the script is its pid 1, or the script makes a pid 1 and tells who it is. */
const LAUNCHERS = {
  'pid-1': `${JOIN}
exec unshare --cgroup sh -c '
  set -e
  for procs in $1; do echo $$ > "$procs"; done
  exec unshare --fork --pid --mount --uts --ipc --net sh "$2"' sh "$2" "$3"`,
  supervisor: `${JOIN}
exec unshare --mount --net sh "$3"`,
} as const;

export interface BoxStart {
  role: keyof typeof LAUNCHERS;
  /** Text for sh. It leaves the identity of pid 1 in the box's leader file. */
  script: string;
  signal?: AbortSignal;
}

/**
 * A set of namespaces (process, network, mount, name, cgroup) with a pid 1 of its own. When that dies, the kernel ends
 * every process in the box and takes its network and mounts away: a power loss.
 */
export class Box {
  constructor(
    readonly name: string,
    readonly paths: BoxPaths,
    readonly cgroup: CgroupTree,
    private readonly clock: Clock,
  ) {}

  /** Makes the namespaces and waits for pid 1. @throws Error with what the start wrote. */
  async start({ role, script, signal }: BoxStart): Promise<void> {
    const leaf = this.cgroup.child(LEAF);
    // The first process joins the box's cgroup itself: whoever runs containers in the box delegates from it later.
    await leaf.create(false);
    await mkdir(this.paths.dir, { recursive: true });
    await rm(this.paths.leader, { force: true });
    await writeFile(this.paths.initScript, script);
    const starter = this.launch(role, leaf);
    let ended = false;
    const onEnd = (): void => {
      ended = true;
    };
    starter.on('error', onEnd).on('exit', onEnd);
    await until(async () => ended || (await this.leader()), {
      clock: this.clock,
      what: `${this.name} to start (see ${this.paths.consoleLog})`,
      limitMs: START_LIMIT_MS,
      intervalMs: START_INTERVAL_MS,
      signal,
    });
    if (ended) throw new Error(`${this.name} did not start:\n${await readFile(this.paths.consoleLog, 'utf8')}`);
  }

  /** Its pid 1, as the machine sees it. @returns `undefined` when the box is off. */
  async leader(): Promise<ProcessIdentity | undefined> {
    const identity = await readIdentity(this.paths.leader);
    return identity && (await isAlive(identity)) ? identity : undefined;
  }

  /** Ends everything in the box at once: its pid 1 first, so that nothing in it sees another die. Idempotent. */
  async stop(): Promise<void> {
    const leader = await this.leader();
    if (leader) await signalProcess(leader, 'SIGKILL');
    await this.cgroup.destroy();
    await rm(this.paths.leader, { force: true });
  }

  async exec(argv: readonly string[], options?: ExecOptions): Promise<CommandResult> {
    return execIn(await this.place(), argv, this.clock, options);
  }

  async spawn(argv: readonly string[], options: SpawnOptions): Promise<HostProcess> {
    return spawnIn(await this.place(), argv, options);
  }

  /** Runs one of the machine's network tools on the box's network. Cheaper than {@link exec}. */
  async network(argv: readonly string[], input?: string): Promise<CommandResult> {
    const { leader } = await this.place();
    return run(['nsenter', '--target', String(leader.pid), '--net', ...argv], { input });
  }

  private launch(role: BoxStart['role'], leaf: CgroupTree): ChildProcess {
    const lists = [this.cgroup, leaf].map(({ folders }) => procsFiles(folders).join(' '));
    const log = openSync(this.paths.consoleLog, 'w', 0o600);
    const stdio = ['ignore', log, log] as const;
    const argv = ['-c', LAUNCHERS[role], 'sh', ...lists, this.paths.initScript];
    const starter = spawn('sh', argv, { stdio: [...stdio], detached: true, env: { ...process.env, PATH: searchPath() } });
    closeSync(log);
    starter.unref();
    return starter;
  }

  private async place(): Promise<Place> {
    const leader = await this.leader();
    if (!leader) throw new Error(`${this.name} is off`);
    return { name: this.name, leader, cgroupProcs: procsFiles(this.cgroup.child(LEAF).folders) };
  }
}

function procsFiles(folders: readonly string[]): string[] {
  return folders.map((folder) => `${folder}/cgroup.procs`);
}
