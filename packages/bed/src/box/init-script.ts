import { join, relative } from 'node:path';
import type { Hierarchy } from '../cgroup/hierarchies.js';
import { CGROUP_ROOT } from '../cgroup/hierarchies.js';
import type { HostPaths } from '../state/paths.js';

/** Quotes a word for sh. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/**
 * What pid 1 of a box runs: `setup`, then it tells the machine who it is, and from then on reaps the orphans of the box.
 * It reads its identity before /proc is its own, since only the old /proc knows it by the machine's pid.
 */
export function initScript(setup: readonly string[], leaderFile: string, title: string): string {
  return [
    'set -e',
    'read -r stat < /proc/self/stat',
    ...setup,
    'mount -t proc proc /proc',
    'ip link set lo up',
    `printf '%s\\n' "$stat" > ${quoted(`${leaderFile}.new`)}`,
    `mv ${quoted(`${leaderFile}.new`)} ${quoted(leaderFile)}`,
    `exec sh -c 'while :; do sleep 2147483647 & wait; done' ${quoted(title)}`,
    '',
  ].join('\n');
}

export interface LightHostSetup {
  name: string;
  paths: HostPaths;
  devDir: string;
  hierarchies: readonly Hierarchy[];
  /** The host's cgroup, below the root of each hierarchy. */
  cgroup: string;
}

/** Makes the namespaces of a light host look like a machine: its own name, /run, /sys, cgroup root, /etc and /var/lib. */
export function lightHostSetup({ name, paths, devDir, hierarchies, cgroup }: LightHostSetup): string[] {
  return [
    `hostname ${quoted(name)}`,
    'mount -t tmpfs -o mode=755 tmpfs /run',
    'mkdir /run/lock /run/machine-sys',
    ...freshSys(hierarchies, cgroup),
    `mount -t overlay -o ${quoted(`lowerdir=/etc,upperdir=${paths.upper},workdir=${paths.work}`)} overlay /etc`,
    ...privateVarLib(paths.varLib, devDir),
  ];
}

/** A new sysfs, which shows the host's own network, with the host's cgroup in the place of the machine's cgroup root. */
function freshSys(hierarchies: readonly Hierarchy[], cgroup: string): string[] {
  const old = '/run/machine-sys';
  const oldCgroups = `${old}/fs/cgroup`;
  const pure = hierarchies.some(({ name }) => name === '');
  return [
    `mount --rbind /sys ${old}`,
    'umount --recursive --lazy /sys',
    'mount -t sysfs sysfs /sys',
    // AppArmor profiles are loaded through securityfs, where the machine has it.
    `if mountpoint -q ${old}/kernel/security; then mount --bind ${old}/kernel/security /sys/kernel/security; fi`,
    ...(pure ? [] : [`mount -t tmpfs -o mode=755 cgroup ${CGROUP_ROOT}`]),
    ...hierarchies.flatMap(({ name }) => [
      ...(name ? [`mkdir ${quoted(join(CGROUP_ROOT, name))}`] : []),
      `mount --bind ${quoted(join(oldCgroups, name, cgroup))} ${quoted(join(CGROUP_ROOT, name))}`,
    ]),
    // "cpu" and the like are links to "cpu,cpuacct" where two controllers share a hierarchy.
    `find ${oldCgroups} -maxdepth 1 -type l -exec cp -P {} ${CGROUP_ROOT} ';'`,
    `umount --recursive --lazy ${old}`,
    `rmdir ${old}`,
  ];
}

/** /var/lib of the host's own; the state directory stays visible in it, since logs and sockets lie there. */
function privateVarLib(varLib: string, devDir: string): string[] {
  const below = relative('/var/lib', devDir);
  const isBelow = below !== '' && !below.startsWith('..');
  const keep = quoted(join(varLib, below));
  return [...(isBelow ? [`mkdir -p ${keep}`, `mount --bind ${quoted(devDir)} ${keep}`] : []), `mount --rbind ${quoted(varLib)} /var/lib`];
}
