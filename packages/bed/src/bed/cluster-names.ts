import { readdir } from 'node:fs/promises';
import { isClusterName } from '../plan/names.js';

/** The names of all clusters in the state directory, also of half made ones. */
export async function clusterNames(devDir: string): Promise<string[]> {
  const entries = await readdir(devDir, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory() && isClusterName(entry.name)).map(({ name }) => name);
}
