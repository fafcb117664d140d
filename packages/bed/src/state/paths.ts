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
  dockerSocket: string;
  dockerLog: string;
  dockerd: string;
  /** Upper and work folder of the host's private layer over /etc. */
  etc: string;
  etcWork: string;
  /** The host's own /var/lib, on the machine's real disk. */
  varLib: string;
}

export interface ClusterPaths {
  devDir: string;
  dir: string;
  clusterFile: string;
  subnetClaims: string;
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
    dockerSocket: join(dir, 'docker.sock'),
    dockerLog: join(dir, 'dockerd.log'),
    dockerd: join(dir, 'dockerd'),
    etc: join(dir, 'etc'),
    etcWork: join(dir, 'etc.work'),
    varLib: join(dir, 'var-lib'),
  };
}
