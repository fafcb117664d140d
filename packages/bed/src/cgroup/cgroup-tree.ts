import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, until } from '@tessera/kit';
import { killIfThere } from '../run/kill.js';
import { type Hierarchy, hasController, hierarchyRoot, parseHierarchies } from './hierarchies.js';

const SWEEP_LIMIT_MS = 20_000;
const SWEEP_INTERVAL_MS = 5;

/** The same cgroup path in every hierarchy of the machine: what holds and ends all processes of a box or a cluster. */
export class CgroupTree {
  private constructor(
    readonly hierarchies: readonly Hierarchy[],
    readonly path: string,
    private readonly clock: Clock,
  ) {}

  /** @param path below the root of each hierarchy. Nothing is made. */
  static async at(path: string, clock: Clock): Promise<CgroupTree> {
    return new CgroupTree(parseHierarchies(await readFile('/proc/self/mountinfo', 'utf8')), path, clock);
  }

  child(name: string): CgroupTree {
    return new CgroupTree(this.hierarchies, join(this.path, name), this.clock);
  }

  /** The cgroup's folder in each hierarchy. */
  get folders(): string[] {
    return this.hierarchies.map((hierarchy) => join(hierarchyRoot(hierarchy), this.path));
  }

  /**
   * Makes the cgroup and its parents, ready to take processes. Idempotent.
   * @param delegate give the cgroup the controllers of its parent (cgroup v2), which may then hold no processes itself.
   */
  async create(delegate = true): Promise<void> {
    for (const hierarchy of this.hierarchies) {
      const parts = this.path.split('/');
      let folder = hierarchyRoot(hierarchy);
      for (const [depth, part] of parts.entries()) {
        // A hybrid machine keeps its controllers in the hierarchies of v1.
        const isParent = depth === parts.length - 1;
        if (hierarchy.name === '' && (delegate || !isParent)) await delegateControllers(folder);
        const parent = folder;
        folder = join(folder, part);
        await mkdir(folder, { recursive: true });
        if (hasController(hierarchy, 'cpuset')) await inheritCpuset(parent, folder);
      }
    }
  }

  /**
   * Kills every process in the cgroup and below, frozen ones too, and removes it. Idempotent.
   * @throws Error when something in it does not die (a process stuck in the kernel).
   */
  async destroy(): Promise<void> {
    await until(() => this.sweep(), {
      clock: this.clock,
      what: `the processes in cgroup ${this.path} to end`,
      limitMs: SWEEP_LIMIT_MS,
      intervalMs: SWEEP_INTERVAL_MS,
    });
  }

  /** One round of killing and removing. @returns whether nothing is left. */
  private async sweep(): Promise<boolean> {
    let gone = true;
    for (const folder of this.folders) {
      for (const group of await groupsBelow(folder)) {
        await killAll(group);
        const removed = await rmdir(group).then(
          () => true,
          (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
        );
        gone &&= removed;
      }
    }
    return gone;
  }
}

/** The cgroup and all below it, children first; empty when it is not there. */
async function groupsBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (!entries) return [];
  const groups: string[] = [];
  for (const entry of entries) {
    if (entry.isDirectory()) groups.push(...(await groupsBelow(join(folder, entry.name))));
  }
  return [...groups, folder];
}

async function killAll(group: string): Promise<void> {
  const pids = await readFile(join(group, 'cgroup.procs'), 'utf8').catch(() => '');
  for (const pid of pids.split('\n').map(Number)) {
    // A pid of 0 stands for a process that cannot be seen from here: signalling it would hit our own group.
    if (pid > 1) killIfThere(pid);
  }
  // With cgroup v1, a process that docker has paused dies only once it is thawed.
  await writeFile(join(group, 'freezer.state'), 'THAWED', { flag: 'r+' }).catch(() => {});
}

/** cgroup v2: children of `folder` get its controllers. Some may be refused (a real-time process holds cpu): the rest serves. */
async function delegateControllers(folder: string): Promise<void> {
  const controllers = await readFile(join(folder, 'cgroup.controllers'), 'utf8');
  for (const controller of controllers.trim().split(' ').filter(Boolean)) {
    await writeFile(join(folder, 'cgroup.subtree_control'), `+${controller}`).catch(() => {});
  }
}

/** cgroup v1: a new cpuset is empty and takes no process until it is told its CPUs and memory nodes. */
async function inheritCpuset(parent: string, folder: string): Promise<void> {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    const own = await readFile(join(folder, file), 'utf8');
    if (own.trim() === '') await writeFile(join(folder, file), await readFile(join(parent, file), 'utf8'));
  }
}
