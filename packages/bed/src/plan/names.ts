import { createHash } from 'node:crypto';

/** Where everything lies unless TESSERA_DEV_DIR says otherwise. */
export const DEFAULT_DEV_DIR = '/var/lib/tessera-dev';

const CLUSTER_NAME = /^[a-z][a-z0-9-]{0,23}$/;
/** Folders in the state directory that are not clusters. */
const RESERVED_NAMES = new Set(['base']);

/** Whether a folder of the state directory can be that of a cluster. */
export function isClusterName(name: string): boolean {
  return CLUSTER_NAME.test(name) && !RESERVED_NAMES.has(name);
}

/** @throws Error that tells the rule when `name` cannot be the name of a cluster. */
export function checkClusterName(name: string): void {
  if (RESERVED_NAMES.has(name)) throw new Error(`cluster name "${name}" is reserved: choose another`);
  if (!isClusterName(name)) {
    throw new Error(`cluster name "${name}": use 1 to 24 of a-z, 0-9 and "-", with a letter first`);
  }
}

/** Host number `index` (from 1) of a cluster: also its host name. */
export function hostName(index: number): string {
  return `node${index}`;
}

/** The LAN bridge's port that host number `index` is plugged into; stays the same over power cycles. */
export function portName(index: number): string {
  return `p${index}`;
}

/** The machine's own link into the LAN of subnet number `subnet`. */
export function uplinkName(subnet: number): string {
  return `tsd${subnet}`;
}

/** The nft table of family `ip` that holds the LAN's masquerade rule. */
export function natTableName(subnet: number): string {
  return `tessera_dev_${subnet}`;
}

/**
 * The cgroup, below the root of every hierarchy, that holds all processes of a cluster. Clusters share no parent, so that
 * removing one never races with making another. A state directory other than the default is part of the name, so that
 * equal names in two of them do not meet.
 */
export function clusterCgroup(devDir: string, cluster: string): string {
  if (devDir === DEFAULT_DEV_DIR) return `tessera-dev-${cluster}`;
  return `tessera-dev-${createHash('sha256').update(devDir).digest('hex').slice(0, 8)}-${cluster}`;
}
