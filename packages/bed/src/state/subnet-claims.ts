import { mkdir, readdir, readlink, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { MAX_SUBNET } from '../plan/address-plan.js';

/**
 * Claims the lowest subnet number that neither a cluster nor the machine uses. A claim is a symbolic link from the
 * number to the cluster's name: making one is atomic, so two processes never get the same number.
 * @throws Error when all are taken.
 */
export async function claimSubnet(claimsDir: string, cluster: string, inUse: ReadonlySet<number>): Promise<number> {
  await mkdir(claimsDir, { recursive: true });
  for (let subnet = 0; subnet <= MAX_SUBNET; subnet++) {
    if (!inUse.has(subnet) && (await claim(join(claimsDir, String(subnet)), cluster))) return subnet;
  }
  throw new Error(`no subnet of 10.78.0.0/16 is free: "tsctl dev ls" shows the clusters, "tsctl dev down" removes one`);
}

async function claim(path: string, cluster: string): Promise<boolean> {
  try {
    await symlink(cluster, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** The numbers that `cluster` has claimed: at most one, unless a file was damaged by hand. */
export async function claimedSubnets(claimsDir: string, cluster: string): Promise<number[]> {
  const claimed: number[] = [];
  for (const entry of await readdir(claimsDir).catch(() => [])) {
    const owner = await readlink(join(claimsDir, entry)).catch(() => undefined);
    if (owner === cluster) claimed.push(Number(entry));
  }
  return claimed;
}

/** Gives a number back. Idempotent. */
export async function releaseSubnet(claimsDir: string, subnet: number): Promise<void> {
  await unlink(join(claimsDir, String(subnet))).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}
