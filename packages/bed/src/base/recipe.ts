import { createHash } from 'node:crypto';

const SUITE = 'bookworm';
const MIRROR = 'http://deb.debian.org/debian';

const PACKAGES = [
  ...['systemd', 'systemd-sysv', 'systemd-container', 'dbus', 'udev', 'kmod', 'sudo', 'procps'],
  ...['openssh-server', 'curl', 'ca-certificates', 'netcat-openbsd', 'iputils-ping', 'tcpdump', 'busybox-static'],
  ...['docker.io', 'iptables', 'nftables', 'iproute2', 'conntrack', 'wireguard-tools', 'wireguard-go', 'ndppd', 'etcd-server'],
];

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

/** How the Debian tree that all full hosts share is made. */
export interface Recipe {
  suite: string;
  mirror: string;
  packages: readonly string[];
  /** Links in the tree: path to target. */
  links: Readonly<Record<string, string>>;
  /** Files in the tree: path to text. */
  files: Readonly<Record<string, string>>;
}

/** @param env TESSERA_DEV_MIRROR names another Debian mirror. */
export function baseRecipe(env: NodeJS.ProcessEnv = process.env): Recipe {
  return {
    suite: SUITE,
    mirror: env.TESSERA_DEV_MIRROR || MIRROR,
    packages: PACKAGES,
    links: Object.fromEntries(MASKED_UNITS.map((unit) => [`etc/systemd/system/${unit}`, '/dev/null'])),
    files: {
      // Empty: each host gives itself an identity at its first boot.
      'etc/machine-id': '',
      'etc/systemd/system/docker.service.d/bed.conf': DOCKER_UNIT,
    },
  };
}

/** A name for what the recipe makes; another recipe has another. The mirror does not change the result. */
export function recipeHash({ mirror: _, ...recipe }: Recipe): string {
  return createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 12);
}
