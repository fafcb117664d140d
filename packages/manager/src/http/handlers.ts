import type { BodyOf, ParamsOf, QueryOf, ResponseOf, RouteName, Routes } from '@tessera/api';
import type { CertificateSubject } from '@tessera/kit/pki/index';
import { relayApplied, untilNetworkApplied } from '../use-case/applied.js';
import { getInfo, rotateToken } from '../use-case/cluster.js';
import type { UseCaseContext } from '../use-case/context.js';
import { diagnoseNetworks } from '../use-case/doctor.js';
import { createFile, listFiles, removeFile } from '../use-case/files.js';
import { getHttp, renewCertificate } from '../use-case/http.js';
import { relayImage } from '../use-case/image-digest.js';
import { getJob, listJobs, resumeJob, runJob, stopJob, suspendJob } from '../use-case/jobs.js';
import { join, renew } from '../use-case/join.js';
import { serviceLogs, taskLogs } from '../use-case/logs.js';
import { createNetwork, getNetwork, listNetworks, listNetworkUse, removeNetwork } from '../use-case/networks.js';
import { relayLogs } from '../use-case/node-log.js';
import { relayProbe } from '../use-case/node-probe.js';
import { getNode, listNodes, removeNode, updateNode } from '../use-case/nodes.js';
import { rebalance } from '../use-case/rebalance.js';
import { getRelease, listReleases, rollbackService, rollbackStack } from '../use-case/releases.js';
import { createService, getService, listProgress, listServices, removeService, scaleService, updateService } from '../use-case/services.js';
import { deployStack, getStack, listStacks, planStack, removeStack } from '../use-case/stacks.js';
import { explainTask, getTask, listTasks } from '../use-case/tasks.js';
import { controlUpdate } from '../use-case/updates.js';
import { parseKinds, watchState } from '../use-case/watch.js';
import { why } from '../use-case/why.js';

/** A request after its checks. */
export interface Call<Name extends RouteName> {
  params: ParamsOf<Routes[Name]>;
  query: QueryOf<Routes[Name]>;
  body: BodyOf<Routes[Name]>;
  /** Who asks; undefined on open routes. */
  subject: CertificateSubject | undefined;
  /** Aborted when the client goes away or the manager stops. */
  signal: AbortSignal;
}

type Answer<Name extends RouteName> = Routes[Name] extends { stream: true }
  ? AsyncIterable<ResponseOf<Routes[Name]>>
  : ResponseOf<Routes[Name]> | Promise<ResponseOf<Routes[Name]>>;

/** Use cases by the names of their routes. */
export type Handlers = { [Name in RouteName]: (context: UseCaseContext, call: Call<Name>) => Answer<Name> };

const nothing = async (done: Promise<void>): Promise<Record<string, never>> => {
  await done;
  return {};
};

export const HANDLERS: Handlers = {
  getInfo: (context) => getInfo(context),

  listStacks: (context) => listStacks(context),
  getStack: (context, { params }) => getStack(context, params.ref),
  deployStack: (context, { params, query, body, subject }) =>
    deployStack(context, params.ref, body, { ...query, author: subject?.id ?? '' }),
  listReleases: (context, { params }) => listReleases(context, params.ref),
  getRelease: (context, { params }) => getRelease(context, params.ref, params.number),
  rollbackStack: (context, { params, body, subject }) => rollbackStack(context, params.ref, body, subject?.id ?? ''),
  planStack: (context, { params, query, body }) => planStack(context, params.ref, body, query),
  removeStack: (context, { params }) => removeStack(context, params.ref),

  listServices: (context, { query }) => listServices(context, query),
  listProgress: (context, { query }) => listProgress(context, query),
  getService: (context, { params }) => getService(context, params.ref),
  createService: (context, { query, body }) => createService(context, body, query.resolve),
  updateService: (context, { params, query, body }) => updateService(context, params.ref, body, query),
  scaleService: (context, { params, body }) => scaleService(context, params.ref, body.replicas),
  controlUpdate: (context, { params, body, subject }) => controlUpdate(context, params.ref, body.action, subject?.id ?? ''),
  rollbackService: (context, { params, body, subject }) => rollbackService(context, params.ref, body.number, subject?.id ?? ''),
  removeService: (context, { params }) => removeService(context, params.ref),

  listJobs: (context, { query }) => listJobs(context, query),
  getJob: (context, { params }) => getJob(context, params.ref),
  runJob: (context, { params }) => runJob(context, params.ref),
  stopJob: (context, { params }) => stopJob(context, params.ref),
  suspendJob: (context, { params }) => suspendJob(context, params.ref),
  resumeJob: (context, { params }) => resumeJob(context, params.ref),

  listTasks: (context, { query }) => listTasks(context, query),
  explainTask: (context, { params }) => explainTask(context, params.ref),
  rebalance: (context, { body }) => rebalance(context, body),
  why: (context, { params, query }) => why(context, params.ref, query.kind),
  getTask: (context, { params }) => getTask(context, params.ref),
  taskLogs: (context, { params, query, signal }) => taskLogs(context, params.ref, query, signal),
  relayLogs: (context, { params, query, signal }) => relayLogs(context, params, query, signal),
  relayApplied: (context, { params, body, signal }) => relayApplied(context, params, body, signal),
  relayImage: (context, { params, body }) => relayImage(context, params, body.image),
  relayProbe: (context, { params, body, signal }) => relayProbe(context, params, body, signal),
  serviceLogs: (context, { params, query, signal }) => serviceLogs(context, params.ref, query, signal),

  listNodes: (context) => listNodes(context),
  getNode: (context, { params }) => getNode(context, params.ref),
  updateNode: (context, { params, body }) => updateNode(context, params.ref, body),
  removeNode: (context, { params, query }) => nothing(removeNode(context, params.ref, query)),

  listNetworks: (context) => listNetworks(context),
  listNetworkUse: (context) => listNetworkUse(context),
  getNetwork: (context, { params }) => getNetwork(context, params.ref),
  untilNetworkApplied: (context, { query, signal }) => untilNetworkApplied(context, query, signal),
  diagnoseNetworks: (context, { signal }) => diagnoseNetworks(context, signal),
  createNetwork: (context, { body }) => createNetwork(context, body),
  removeNetwork: (context, { params }) => nothing(removeNetwork(context, params.ref)),

  getHttp: (context) => getHttp(context),
  renewCertificate: (context, { params }) => renewCertificate(context, params.host),

  listConfigs: (context) => listFiles(context, 'configs'),
  createConfig: (context, { body }) => createFile(context, 'configs', body),
  removeConfig: (context, { params }) => nothing(removeFile(context, 'configs', params.ref)),
  listSecrets: (context) => listFiles(context, 'secrets'),
  createSecret: (context, { body }) => createFile(context, 'secrets', body),
  removeSecret: (context, { params }) => nothing(removeFile(context, 'secrets', params.ref)),

  watch: (context, { query, signal }) => watchState(context, parseKinds(query.kinds), signal),

  join: (context, { body }) => join(context, body),
  renew: (context, { body, subject }) => renew(context, subject?.id ?? '', body.csr),
  rotateToken: (context, { params }) => rotateToken(context, params.role),
};
