import type { Clock } from '@tessera/kit';
import { CgroupTree } from '../cgroup/cgroup-tree.js';
import { FullHost } from '../host/full-host.js';
import type { Host } from '../host/host.js';
import { LightHost } from '../host/light-host.js';
import { VmHost } from '../host/vm-host.js';
import { Lan } from '../lan/lan.js';
import { clusterCgroup } from '../plan/names.js';
import type { ClusterFile } from '../state/cluster-file.js';
import type { ClusterPaths } from '../state/paths.js';

const HOSTS = { light: LightHost, full: FullHost, vm: VmHost };

/** A cluster's LAN, and its hosts by number. Making the object starts nothing. */
export interface Fleet {
  lan: Lan;
  host(index: number): Host;
}

export async function fleetOf(
  name: string,
  paths: ClusterPaths,
  { subnet, internet, kind, light = 0, share }: ClusterFile & { subnet: number },
  clock: Clock,
): Promise<Fleet> {
  const cgroup = await CgroupTree.at(clusterCgroup(paths.devDir, name), clock);
  const lan = new Lan(subnet, paths, cgroup, clock);
  const context = { cluster: name, paths, lan, cgroup, clock, internet, share };
  return { lan, host: (index) => new HOSTS[index <= light ? 'light' : kind](index, context) };
}
