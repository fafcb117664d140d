import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { quoted } from './init-script.js';

export interface FullHostSetup {
  /** The machine name that systemd-nspawn gives the host. */
  machine: string;
  /** The shared tree, read-only. */
  base: string;
  /** Upper and work folder of the host's own layer, and where both layers meet. */
  upper: string;
  work: string;
  root: string;
  /** Folders of the machine to be seen in the host: path in the host to path outside. */
  binds: Readonly<Record<string, string>>;
  /** Seen read-only in the host, under the same path. */
  share: readonly string[];
  /** Takes the identity of the host's pid 1. */
  leaderFile: string;
}

/** What systemd and Docker in the host need beyond systemd-nspawn's defaults. Some are refused by the machine: that is fine. */
const CAPABILITIES = [
  ...['CAP_NET_ADMIN', 'CAP_SYSLOG', 'CAP_BPF', 'CAP_PERFMON', 'CAP_IPC_LOCK'],
  ...['CAP_BLOCK_SUSPEND', 'CAP_CHECKPOINT_RESTORE', 'CAP_WAKE_ALARM'],
];
/** Without these runc cannot make session keys nor device rules. */
const SYSTEM_CALLS = ['@keyring', 'bpf', 'perf_event_open'];
/** The exit code of systemd-nspawn when the host asked for a reboot. */
const REBOOT = 133;

/**
 * Boots a host's own systemd, in a mount namespace of its own, so that no mount is left when it ends. The host's pid 1 is
 * that child of systemd-nspawn that is number 1 in its own namespace.
 */
export async function nspawnScript(setup: FullHostSetup): Promise<string> {
  const { base, upper, work, root, leaderFile } = setup;
  const leader = quoted(leaderFile);
  const newLeader = quoted(`${leaderFile}.new`);
  return `set -e
mount -t overlay -o ${quoted(`lowerdir=${base},upperdir=${upper},workdir=${work}`)} overlay ${quoted(root)}
mount -t tmpfs -o mode=755 tmpfs /run
ip link set lo up
while :; do
  ${await nspawnCommand(setup)} &
  nspawn=$!
  found=
  while [ -z "$found" ] && kill -0 $nspawn; do
    for child in $(cat /proc/$nspawn/task/$nspawn/children); do
      if grep -q '^NSpid:.*[[:space:]]1$' /proc/$child/status && cat /proc/$child/stat > ${newLeader}; then
        mv ${newLeader} ${leader}
        found=1
      fi
    done 2> /dev/null
    sleep 0.01
  done
  code=0
  wait $nspawn || code=$?
  [ $code = ${REBOOT} ] || exit $code
done
`;
}

async function nspawnCommand({ machine, base, root, binds, share }: FullHostSetup): Promise<string> {
  const mounts = [
    ...Object.entries(binds).map(([inside, outside]) => `--bind=${outside}:${inside}`),
    ...share.map((path) => `--bind-ro=${path}`),
  ];
  const argv = [
    ...(await programInTree(base, 'usr/bin/systemd-nspawn')),
    ...['--quiet', '--register=no', '--keep-unit', `--machine=${machine}`, `--directory=${root}`],
    ...['--resolv-conf=off', '--timezone=off', '--console=read-only', '--kill-signal=SIGRTMIN+3'],
    `--capability=${CAPABILITIES.join(',')}`,
    `--system-call-filter=${SYSTEM_CALLS.join(' ')}`,
    ...['--bind=/dev/net/tun', ...mounts, '--boot'],
  ];
  // The network namespace is the script's own: where systemd-nspawn is told one, the host may administer it.
  const environment = 'SYSTEMD_NSPAWN_LOCK=0 SYSTEMD_NSPAWN_API_VFS_WRITABLE=network';
  return `${environment} ${argv.map(quoted).join(' ')} --network-namespace-path=/proc/$$/ns/net < /dev/null`;
}

/**
 * How to run a program of another Debian tree on this machine, with the tree's own loader and libraries: so the machine
 * needs neither the package nor the same version of systemd. @throws Error when the tree lacks a loader.
 */
async function programInTree(tree: string, program: string): Promise<string[]> {
  const lib = join(tree, 'usr/lib');
  for (const triplet of (await readdir(lib)).filter((entry) => entry.endsWith('-linux-gnu'))) {
    const libraries = join(lib, triplet);
    const loader = (await readdir(libraries)).find((entry) => /^ld-linux.*\.so\.\d+$/.test(entry));
    if (!loader) continue;
    return [join(libraries, loader), '--library-path', `${libraries}:${libraries}/systemd`, join(tree, program)];
  }
  throw new Error(`${lib} has no dynamic loader: remove ${tree}, so that it is built again`);
}
