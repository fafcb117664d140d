import { createHash } from 'node:crypto';
import type { HostKind } from '../state/cluster-file.js';

const SUITE = 'bookworm';
const MIRROR = 'http://deb.debian.org/debian';
/** Most of it is never written, and takes no room on the machine. */
const VM_DISK_BYTES = 8 * 1024 ** 3;

const PACKAGES = [
  ...['systemd', 'systemd-sysv', 'systemd-container', 'dbus', 'udev', 'kmod', 'sudo', 'procps'],
  ...['openssh-server', 'curl', 'ca-certificates', 'netcat-openbsd', 'iputils-ping', 'tcpdump', 'busybox-static'],
  ...['docker.io', 'iptables', 'nftables', 'iproute2', 'conntrack', 'wireguard-tools', 'wireguard-go', 'ndppd', 'etcd-server'],
];

/** A virtual machine has a kernel of its own. Where that has AppArmor, Docker runs nothing without its tools. */
const VM_PACKAGES = [...PACKAGES, 'linux-image-cloud-amd64', 'initramfs-tools', 'zstd', 'apparmor'];

/** Units that a host of a bed does not need: without them it boots in a second. */
const MASKED_UNITS = [
  ...['systemd-timesyncd.service', 'systemd-networkd.service', 'systemd-resolved.service', 'systemd-modules-load.service'],
  ...['systemd-udevd.service', 'systemd-udevd-kernel.socket', 'systemd-udevd-control.socket', 'systemd-udev-trigger.service'],
  ...['apt-daily.timer', 'apt-daily-upgrade.timer', 'e2scrub_all.timer', 'fstrim.timer', 'dpkg-db-backup.timer'],
  ...['getty@tty1.service', 'console-getty.service', 'etcd.service'],
];

/*
 * systemd-nspawn mounts the trees of cgroup v1 read-only, dockerd must write to them. dockerd gets its sockets from
 * daemon.json, and stays down after a kill until the bed starts it, as on a light host.
 */
const DOCKER_UNIT = `[Service]
ExecStartPre=-/bin/sh -c 'for c in /sys/fs/cgroup /sys/fs/cgroup/*; do mount -o remount,rw,bind $c 2>/dev/null || mount -o remount,rw $c; done'
ExecStart=
ExecStart=/usr/sbin/dockerd
Restart=no
`;

const VM_MASKED_UNITS = [
  ...['systemd-timesyncd.service', 'apt-daily.timer', 'apt-daily-upgrade.timer', 'e2scrub_all.timer', 'e2scrub_reap.service'],
  ...['fstrim.timer', 'dpkg-db-backup.timer', 'getty@tty1.service', 'serial-getty@ttyS0.service', 'etcd.service'],
  'ndppd.service',
];

const VM_DOCKER_UNIT = `[Service]
ExecStart=
ExecStart=/usr/sbin/dockerd
Restart=no
`;

/*
 * The second disk has the files of this host, copied at its first boot: what is changed on it later stays. "share" lists what is
 * seen of the machine on the third one.
 */
const SEED_SCRIPT = `set -e
mkdir -p /run/bed/seed /run/bed/share
mount -o ro /dev/vdb /run/bed/seed
if ! [ -e /var/lib/bed-seeded ]; then
  cp -r /run/bed/seed/etc /run/bed/seed/root /
  touch /var/lib/bed-seeded
fi
[ -s /run/bed/seed/share ] || exit 0
mount -o ro /dev/vdc /run/bed/share
while read -r path; do
  if [ -d "/run/bed/share$path" ]; then mkdir -p "$path"; else mkdir -p "$(dirname "$path")"; touch "$path"; fi
  mount --bind "/run/bed/share$path" "$path"
done < /run/bed/seed/share
`;
const SEED_UNIT = `[Unit]
Description=Make this machine a host of its bed
DefaultDependencies=no
After=systemd-remount-fs.service
Before=local-fs.target systemd-networkd.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh /usr/local/lib/bed-seed

[Install]
WantedBy=local-fs.target
`;

/** How the Debian that all full hosts, or all virtual machines, share is made. */
export interface Recipe {
  suite: string;
  mirror: string;
  packages: readonly string[];
  /** Links in the tree: path to target. */
  links: Readonly<Record<string, string>>;
  /** Files in the tree: path to text. */
  files: Readonly<Record<string, string>>;
  /** The tree is made a disk of this size, with the kernel beside it. */
  diskBytes?: number;
}

/** @param env TESSERA_DEV_MIRROR names another Debian mirror. */
export function recipeOf(kind: Exclude<HostKind, 'light'>, env: NodeJS.ProcessEnv = process.env): Recipe {
  const mirror = env.TESSERA_DEV_MIRROR || MIRROR;
  return kind === 'vm' ? vmRecipe(mirror) : fullRecipe(mirror);
}

function fullRecipe(mirror: string): Recipe {
  return {
    suite: SUITE,
    mirror,
    packages: PACKAGES,
    links: Object.fromEntries(MASKED_UNITS.map((unit) => [`etc/systemd/system/${unit}`, '/dev/null'])),
    files: {
      // Empty: each host gives itself an identity at its first boot.
      'etc/machine-id': '',
      'etc/systemd/system/docker.service.d/bed.conf': DOCKER_UNIT,
    },
  };
}

function vmRecipe(mirror: string): Recipe {
  const systemd = 'etc/systemd/system';
  return {
    suite: SUITE,
    mirror,
    packages: VM_PACKAGES,
    links: {
      ...Object.fromEntries(VM_MASKED_UNITS.map((unit) => [`${systemd}/${unit}`, '/dev/null'])),
      [`${systemd}/multi-user.target.wants/systemd-networkd.service`]: '/lib/systemd/system/systemd-networkd.service',
      [`${systemd}/local-fs.target.wants/bed-seed.service`]: '../bed-seed.service',
    },
    files: {
      'etc/machine-id': '',
      'etc/ssh/sshd_config.d/bed.conf': 'MaxSessions 100\nUseDNS no\n',
      [`${systemd}/docker.service.d/bed.conf`]: VM_DOCKER_UNIT,
      [`${systemd}/bed-seed.service`]: SEED_UNIT,
      'usr/local/lib/bed-seed': SEED_SCRIPT,
    },
    diskBytes: VM_DISK_BYTES,
  };
}

/** A name for what the recipe makes; another recipe has another. The mirror does not change the result. */
export function recipeHash({ mirror: _, ...recipe }: Recipe): string {
  return createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 12);
}
