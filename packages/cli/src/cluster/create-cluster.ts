import { initCluster } from '@tessera/kit/pki/cluster-init';
import { SystemRandom } from '@tessera/kit/random/system-random';
import { ContextStore } from '../context/context-store.js';
import type { Io } from '../io.js';

export interface ClusterRequest {
  name: string;
  dataDir: string;
  /** What the manager's certificate is made for. */
  addresses: readonly string[];
  /** What the context dials. */
  endpoints: string[];
  addressPool?: string | undefined;
  /** Make the new context the current one. */
  use: boolean;
}

export interface CreatedCluster {
  clusterId: string;
  name: string;
  dataDir: string;
  endpoints: string[];
  workerToken: string;
  managerToken: string;
}

/** Makes a cluster's keys in the data directory, and a context for this user. */
export async function createCluster(
  io: Io,
  { name, dataDir, addresses, endpoints, addressPool, use }: ClusterRequest,
): Promise<CreatedCluster> {
  const { clusterId, admin, workerToken, managerToken } = await initCluster({
    dataDir,
    name,
    addresses,
    clock: io.clock,
    random: new SystemRandom(),
    ...(addressPool !== undefined && { addressPool }),
  });
  await new ContextStore(io).save(name, { endpoints, ...admin }, { use });
  return { clusterId, name, dataDir, endpoints, workerToken, managerToken };
}
