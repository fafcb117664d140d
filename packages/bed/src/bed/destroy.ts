import { readFile, rm } from 'node:fs/promises';
import type { Clock } from '@tessera/kit';
import { discardAbandonedTrees } from '../base/base.js';
import { CgroupTree } from '../cgroup/cgroup-tree.js';
import { closeInternet } from '../lan/internet.js';
import { clusterCgroup, uplinkName } from '../plan/names.js';
import { capture, run } from '../run/run.js';
import { readClusterFile } from '../state/cluster-file.js';
import { type ClusterPaths, clusterPaths } from '../state/paths.js';
import { claimedSubnets, releaseSubnet } from '../state/subnet-claims.js';
import { clusterNames } from './cluster-names.js';

/**
 * Removes all that belongs to a cluster, whatever state it is in. It relies on names alone, not on the cluster's file,
 * which a crash may have left unwritten; the folder goes last, so that an interrupted removal can be repeated. Idempotent.
 */
export async function destroyCluster(name: string, paths: ClusterPaths, clock: Clock): Promise<void> {
  const cgroup = await CgroupTree.at(clusterCgroup(paths.devDir, name), clock);
  await cgroup.destroy();
  await unmountBelow(paths.dir);
  for (const subnet of await claimedSubnets(paths.subnetClaims, name)) {
    await removeLink(uplinkName(subnet));
    await closeInternet(paths.devDir, subnet, await othersUseInternet(name, paths.devDir));
    await releaseSubnet(paths.subnetClaims, subnet);
  }
  await discardAbandonedTrees(paths.devDir);
  await rm(paths.dir, { recursive: true, force: true });
}

/** The machine's link into the LAN goes with the LAN's namespace, but only after a while. */
async function removeLink(link: string): Promise<void> {
  const removed = await capture(['ip', 'link', 'del', link]);
  if (removed.code !== 0 && (await capture(['ip', 'link', 'show', link])).code === 0) {
    throw new Error(`link ${link} cannot be removed: ${removed.stderr.trim()}`);
  }
}

/** Undoes what was mounted in the machine's own namespace, the last first. */
async function unmountBelow(dir: string): Promise<void> {
  for (const point of mountPointsBelow(dir, await readFile('/proc/self/mountinfo', 'utf8')).reverse()) {
    await run(['umount', '--lazy', point]);
  }
}

/** Mount points below `dir` in the lines of /proc/self/mountinfo, in the order in which they were mounted. */
export function mountPointsBelow(dir: string, mountinfo: string): string[] {
  return mountinfo
    .split('\n')
    .map((line) => unescaped(line.split(' ')[4] ?? ''))
    .filter((point) => point.startsWith(`${dir}/`));
}

/** proc(5): space, tab, newline and backslash are written as octal escapes. */
function unescaped(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

async function othersUseInternet(name: string, devDir: string): Promise<boolean> {
  for (const other of await clusterNames(devDir)) {
    if (other === name) continue;
    // A damaged file may have asked for it: then forwarding stays on until that cluster is gone.
    const file = await readClusterFile(clusterPaths(other, devDir).clusterFile).catch(() => ({ internet: true }));
    if (file?.internet) return true;
  }
  return false;
}
