import { ApiError, type Cluster, type ClusterInfo } from '@tessera/api';
import { fingerprint, hashJoinToken, type JoinRole, makeJoinToken } from '@tessera/kit/pki/index';
import type { ClusterView } from '../model/view.js';
import { VERSION } from '../version.js';
import { commitPlan } from './commit.js';
import type { UseCaseContext } from './context.js';

/** Id of the one object about the cluster itself. */
const CLUSTER_ID = 'cluster';

export function getInfo({ store: { view }, storeKind, isLeader }: UseCaseContext): ClusterInfo {
  const { name, clusterId } = clusterOf(view);
  return { name, clusterId, version: VERSION, store: storeKind, leader: isLeader(), revision: view.revision, counts: countsOf(view) };
}

/** Makes a new join token and returns it: the cluster keeps only its hash. */
export async function rotateToken(context: UseCaseContext, role: JoinRole): Promise<{ token: string }> {
  const token = makeJoinToken(role, fingerprint(context.authority.certificate), context.random);
  await commitPlan(context, (view) => {
    const cluster = clusterOf(view);
    const object: Cluster = { ...cluster, tokenHashes: { ...cluster.tokenHashes, [role]: hashJoinToken(token) } };
    return { units: [[{ type: 'put', kind: 'clusters', object, expect: { revision: cluster.revision } }]], result: undefined };
  });
  return { token };
}

/** Writes the cluster object when the store has none yet: at the first start of the first manager. @throws ApiError `conflict` when the store belongs to another cluster. */
export async function ensureCluster(
  context: Pick<UseCaseContext, 'store' | 'clock'>,
  file: Omit<Cluster, 'id' | 'revision' | 'createdAt' | 'updatedAt'>,
): Promise<void> {
  const { store, clock } = context;
  const now = clock.now();
  if (!store.view.get('clusters', CLUSTER_ID)) {
    const object: Cluster = { id: CLUSTER_ID, revision: 0, createdAt: now, updatedAt: now, ...file };
    const result = await store.commit([{ type: 'put', kind: 'clusters', object, expect: 'absent' }]);
    if (result.outcome === 'committed') return;
  }
  const cluster = store.view.get('clusters', CLUSTER_ID);
  if (cluster && cluster.clusterId !== file.clusterId) {
    throw new ApiError(
      'conflict',
      `the store belongs to cluster ${cluster.clusterId}, and the data directory to cluster ${file.clusterId}`,
      { cure: 'give the store or the data directory of the same cluster' },
    );
  }
}

/** @throws ApiError `unavailable` before the first manager has written it. */
export function clusterOf(view: ClusterView): Cluster {
  const cluster = view.get('clusters', CLUSTER_ID);
  if (!cluster) throw new ApiError('unavailable', 'the cluster is being set up', { cure: 'try again in a moment' });
  return cluster;
}

function countsOf(view: ClusterView): ClusterInfo['counts'] {
  let nodesReady = 0;
  for (const node of view.all('nodes')) if (node.status.state === 'ready') nodesReady++;
  let tasksRunning = 0;
  for (const task of view.all('tasks')) if (task.status.state === 'running') tasksRunning++;
  return {
    nodes: view.count('nodes'),
    nodesReady,
    stacks: view.count('stacks'),
    services: view.count('services'),
    tasks: view.count('tasks'),
    tasksRunning,
  };
}
