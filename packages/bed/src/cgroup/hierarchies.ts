import { join } from 'node:path';

export const CGROUP_ROOT = '/sys/fs/cgroup';

/** One mounted cgroup tree. cgroup v1 has one for each controller or pair, v2 a single one; hybrid machines have both. */
export interface Hierarchy {
  version: 1 | 2;
  /** Folder below /sys/fs/cgroup; empty when the tree is mounted on /sys/fs/cgroup itself (pure v2). */
  name: string;
  /** Controllers and flags that it was mounted with. */
  options: readonly string[];
}

/** The hierarchies in the lines of /proc/self/mountinfo, see proc(5). The later of two mounts on one place hides the first. */
export function parseHierarchies(mountinfo: string): Hierarchy[] {
  const found = new Map<string, Hierarchy>();
  for (const line of mountinfo.split('\n')) {
    const [place = '', filesystem = ''] = line.split(' - ');
    const mountPoint = place.split(' ')[4] ?? '';
    const [type, , options = ''] = filesystem.split(' ');
    if (type !== 'cgroup' && type !== 'cgroup2') continue;
    if (mountPoint !== CGROUP_ROOT && !mountPoint.startsWith(`${CGROUP_ROOT}/`)) continue;
    const name = mountPoint.slice(CGROUP_ROOT.length + 1);
    found.set(name, { version: type === 'cgroup2' ? 2 : 1, name, options: options.split(',') });
  }
  return [...found.values()];
}

export function hierarchyRoot(hierarchy: Hierarchy): string {
  return join(CGROUP_ROOT, hierarchy.name);
}

export function hasController(hierarchy: Hierarchy, controller: string): boolean {
  return hierarchy.options.includes(controller);
}
