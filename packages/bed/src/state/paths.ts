import { dirname, join } from 'node:path';
import { checkClusterName, DEFAULT_DEV_DIR } from '../plan/names.js';

/** The longest path of a Unix socket that Linux takes, without the closing zero byte. */
const MAX_SOCKET_PATH = 107;

/** The folder of all clusters: TESSERA_DEV_DIR or /var/lib/tessera-dev. */
export function devDir(env: NodeJS.ProcessEnv = process.env): string {
  return env.TESSERA_DEV_DIR || DEFAULT_DEV_DIR;
}

/** The files of one box (a host, or the LAN with its registry). */
export interface BoxPaths {
  dir: string;
  /** What pid 1 of the box runs. */
  initScript: string;
  /** The identity of pid 1 as the machine sees it; present once the box is up. */
  leader: string;
  /** What the box's start wrote. */
  consoleLog: string;
}

export interface HostPaths extends BoxPaths {
  /** Seen from inside as well, by whatever path: holds the socket. */
  shared: string;
  dockerSocket: string;
  dockerLog: string;
  /** The identity of a light host's dockerd. */
  dockerd: string;
  /** Upper and work folder of the host's own layer: over /etc on a light host, over the Debian tree on a full one. */
  upper: string;
  work: string;
  /** Where a full host's layers meet. */
  root: string;
  /** A light host's /var/lib; of a full one the folders of Docker, which cannot lie on an overlay. */
  varLib: string;
  /** A virtual machine's disk: what it has changed of the image that all share. */
  disk: string;
  /** A virtual machine's second disk: the files that make it the host that it is. */
  seedDisk: string;
  /** What runs commands in a virtual machine: the connection that all of them go through, and its log. */
  sshControl: string;
  sshLog: string;
}

export interface ClusterPaths {
  devDir: string;
  dir: string;
  clusterFile: string;
  subnetClaims: string;
  /** The private key that full hosts and virtual machines let in as root; its public half ends in ".pub". */
  sshKey: string;
  /** What virtual machines see of this machine. */
  shareDisk: string;
  lan: BoxPaths & { registryConfig: string; registryData: string; registryLog: string };
  host(name: string): HostPaths;
}

/** @throws Error when the name is no cluster name, or the state directory's path is too long for sockets in it. */
export function clusterPaths(cluster: string, root = devDir()): ClusterPaths {
  checkClusterName(cluster);
  const dir = join(root, cluster);
  const lan = boxPaths(join(dir, 'lan'));
  const paths: ClusterPaths = {
    devDir: root,
    dir,
    clusterFile: join(dir, 'cluster.json'),
    subnetClaims: join(root, '.subnets'),
    sshKey: join(dir, 'ssh_key'),
    shareDisk: join(dir, 'share.img'),
    lan: {
      ...lan,
      registryConfig: join(lan.dir, 'registry.yml'),
      registryData: join(lan.dir, 'registry'),
      registryLog: join(lan.dir, 'registry.log'),
    },
    host: (name) => hostPaths(join(dir, name)),
  };
  const longest = paths.host('node200').dockerSocket;
  if (longest.length > MAX_SOCKET_PATH) {
    throw new Error(`${longest} is too long for a socket: set TESSERA_DEV_DIR to a shorter path than ${dirname(dir)}`);
  }
  return paths;
}

function boxPaths(dir: string): BoxPaths {
  return {
    dir,
    initScript: join(dir, 'init.sh'),
    leader: join(dir, 'leader'),
    consoleLog: join(dir, 'console.log'),
  };
}

function hostPaths(dir: string): HostPaths {
  return {
    ...boxPaths(dir),
    shared: join(dir, 'shared'),
    dockerSocket: join(dir, 'shared', 'docker.sock'),
    dockerLog: join(dir, 'dockerd.log'),
    dockerd: join(dir, 'dockerd'),
    upper: join(dir, 'upper'),
    work: join(dir, 'work'),
    root: join(dir, 'root'),
    varLib: join(dir, 'var-lib'),
    disk: join(dir, 'disk.qcow2'),
    seedDisk: join(dir, 'seed.img'),
    sshControl: join(dir, 'shared', 'ssh'),
    sshLog: join(dir, 'ssh.log'),
  };
}
