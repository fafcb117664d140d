import type { HostKind } from '../state/cluster-file.js';

/** Something that a bed needs and the machine lacks. */
export interface Problem {
  missing: string;
  /** The command, or the deed, that helps. */
  cure: string;
}

/** What was found out about a machine. */
export interface MachineFacts {
  platform: string;
  isRoot: boolean;
  /** Those of {@link requiredPrograms} that are there. */
  programs: ReadonlySet<string>;
  /** Text of /proc/filesystems. */
  filesystems: string;
  /** Kernel features of which a trial failed. */
  missingFeatures: readonly string[];
  cgroupMounts: number;
  cgroupControllers: ReadonlySet<string>;
}

export interface RequiredProgram {
  program: string;
  /** The Debian package that brings it. */
  package: string;
}

const LIGHT_PROGRAMS: readonly RequiredProgram[] = [
  { program: 'unshare', package: 'util-linux' },
  { program: 'nsenter', package: 'util-linux' },
  { program: 'ip', package: 'iproute2' },
  { program: 'nft', package: 'nftables' },
  { program: 'conntrack', package: 'conntrack' },
  { program: 'iptables', package: 'iptables' },
  { program: 'dockerd', package: 'docker.io' },
  { program: 'docker', package: 'docker.io' },
  { program: 'docker-registry', package: 'docker-registry' },
];

const FULL_PROGRAMS: readonly RequiredProgram[] = [
  ...LIGHT_PROGRAMS,
  { program: 'debootstrap', package: 'debootstrap' },
  { program: 'setpriv', package: 'util-linux' },
  { program: 'ssh-keygen', package: 'openssh-client' },
];

const VM_PROGRAMS: readonly RequiredProgram[] = [
  ...FULL_PROGRAMS,
  { program: 'ssh', package: 'openssh-client' },
  { program: 'qemu-system-x86_64', package: 'qemu-system-x86' },
  { program: 'qemu-img', package: 'qemu-utils' },
  { program: 'mke2fs', package: 'e2fsprogs' },
];

const PROGRAMS: Readonly<Record<HostKind, readonly RequiredProgram[]>> = { light: LIGHT_PROGRAMS, full: FULL_PROGRAMS, vm: VM_PROGRAMS };
const CONTROLLERS = ['cpu', 'memory', 'pids'];

export function requiredPrograms(kind: HostKind): readonly RequiredProgram[] {
  return PROGRAMS[kind];
}

/** What stands in the way of hosts of `kind` on a machine. */
export function problemsOf(kind: HostKind, facts: MachineFacts): Problem[] {
  if (facts.platform !== 'linux') {
    return [{ missing: `Linux (this is ${facts.platform})`, cure: 'run it in a Linux virtual machine' }];
  }
  return [
    ...(facts.isRoot ? [] : [{ missing: 'root: namespaces, bridges and mounts need it', cure: 'sudo tsctl dev up' }]),
    ...programProblems(kind, facts),
    ...featureProblems(facts),
    ...cgroupProblems(facts),
  ];
}

function programProblems(kind: HostKind, { programs }: MachineFacts): Problem[] {
  const byPackage = new Map<string, string[]>();
  for (const { program, package: name } of requiredPrograms(kind)) {
    if (!programs.has(program)) byPackage.set(name, [...(byPackage.get(name) ?? []), program]);
  }
  return [...byPackage].map(([name, missing]) => ({
    missing: `${missing.length > 1 ? 'programs' : 'program'} ${missing.join(', ')}`,
    cure: `apt-get install --no-install-recommends ${name}`,
  }));
}

function featureProblems({ missingFeatures, filesystems }: MachineFacts): Problem[] {
  const overlay = /\boverlay$/m.test(filesystems) ? [] : ['overlay'];
  return [...overlay, ...missingFeatures].map((feature) => ({
    missing: `kernel feature ${feature}`,
    cure: `modprobe ${feature === 'nftables' ? 'nf_tables' : feature}, or boot a kernel that has it`,
  }));
}

function cgroupProblems({ cgroupMounts, cgroupControllers }: MachineFacts): Problem[] {
  if (cgroupMounts === 0) {
    return [{ missing: 'cgroups below /sys/fs/cgroup', cure: 'mount -t cgroup2 cgroup2 /sys/fs/cgroup' }];
  }
  return CONTROLLERS.filter((controller) => !cgroupControllers.has(controller)).map((controller) => ({
    missing: `cgroup controller ${controller}`,
    cure: `boot without cgroup_disable=${controller}`,
  }));
}

/** The problems as a text for people: one line each, then its cure. */
export function describeProblems(problems: readonly Problem[]): string {
  const lines = problems.map(({ missing, cure }) => `- missing: ${missing}\n  cure: ${cure}`);
  return `this machine cannot hold a development cluster yet:\n${lines.join('\n')}`;
}
