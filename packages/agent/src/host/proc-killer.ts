import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProcessKiller } from '../ports/process-killer.js';

/** Only a whole id tells one container from all other things in the paths of control groups. */
const CONTAINER_ID = /^[0-9a-f]{64}$/;

/** Finds a container's processes by their control groups, which bear its id with every driver and version of cgroups. */
export class ProcKiller implements ProcessKiller {
  /** @param send how a process is ended */
  constructor(
    private readonly root = '/proc',
    private readonly send: (pid: number) => void = (pid) => void process.kill(pid, 'SIGKILL'),
  ) {}

  async kill(containerId: string): Promise<number> {
    if (!CONTAINER_ID.test(containerId)) return 0;
    const pids = (await readdir(this.root)).filter((name) => /^\d+$/.test(name));
    const found = await Promise.all(pids.map((pid) => this.#isIn(pid, containerId)));
    const own = pids.filter((_, index) => found[index]);
    for (const pid of own) this.#end(Number(pid));
    return own.length;
  }

  async #isIn(pid: string, containerId: string): Promise<boolean> {
    // It may have ended just now.
    const groups = await readFile(join(this.root, pid, 'cgroup'), 'utf8').catch(() => '');
    return groups.includes(containerId);
  }

  #end(pid: number): void {
    try {
      this.send(pid);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
