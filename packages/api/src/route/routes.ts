import { Type } from 'typebox';
import { Config, Network, Node, Secret, Service, Task } from '../object/objects.js';
import { LogFrame } from '../protocol/messages.js';
import { ProbeAnswer, ProbeRequest } from '../protocol/probe.js';
import { Bytes, Id, Name, NanoCpus, oneOf, strictObject, Timestamp } from '../spec/common.js';
import { MAX_TAINTS, Taint, Toleration } from '../spec/scheduling.js';
import { ServiceSpec } from '../spec/service-spec.js';
import { FileSpec, NetworkSpec } from '../spec/stack-spec.js';
import {
  Certificate,
  ClusterInfo,
  JoinRequest,
  NetworkApplied,
  NetworkDetail,
  NetworkDiagnosis,
  NetworkUse,
  Pem,
  PlacementExplanation,
  ServiceDetail,
  ServiceProgress,
  SourcedLogFrame,
  StackDetail,
  StackSummary,
  WatchLine,
} from './answers.js';
import { HTTP_ROUTE } from './http-route.js';
import { JOB_ROUTES } from './job-routes.js';
import { REBALANCE_ROUTE } from './rebalance-route.js';
import { RELEASE_ROUTES, ResolveImage } from './release-routes.js';
import type { RouteDefinition } from './route.js';
import { WHY_ROUTE } from './why-route.js';

/** A name, an id, or the beginning of an id that is like no other. */
const Reference = Type.String({ minLength: 1, maxLength: 128 });
const ByReference = strictObject({ ref: Reference });
const Flag = Type.Boolean({ default: false });
const Nothing = strictObject({});

const LogQuery = strictObject({
  follow: Flag,
  tail: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
  since: Type.Optional(Timestamp),
  until: Type.Optional(Timestamp),
  timestamps: Flag,
});
/** Of a job, also one run alone. */
const ServiceLogQuery = strictObject({ ...LogQuery.properties, run: Type.Optional(Type.Integer({ minimum: 1 })) });

/** As many nodes as a cluster may have, with room to spare. */
const MAX_NODES_ASKED = 20_000;
const SIXTEEN_MIB = 16 * 1024 * 1024;

/** The whole REST API. docs/reference/api.md and /v1/openapi.json come from this table. */
export const ROUTES = {
  getInfo: { method: 'GET', path: '/v1/info', summary: 'About the cluster', access: 'viewer', response: ClusterInfo },

  listStacks: { method: 'GET', path: '/v1/stacks', summary: 'List stacks', access: 'viewer', response: Type.Array(StackSummary) },
  getStack: {
    method: 'GET',
    path: '/v1/stacks/:ref',
    summary: 'A stack with its services and how far they are',
    access: 'viewer',
    params: ByReference,
    response: StackDetail,
  },
  removeStack: {
    method: 'DELETE',
    path: '/v1/stacks/:ref',
    summary: 'Remove a stack and all that carries its name',
    access: 'admin',
    params: ByReference,
    response: strictObject({ removed: Type.Array(Type.String()) }),
  },

  listServices: {
    method: 'GET',
    path: '/v1/services',
    summary: 'List services',
    access: 'viewer',
    query: strictObject({ stack: Type.Optional(Name) }),
    response: Type.Array(Service),
  },
  listProgress: {
    method: 'GET',
    path: '/v1/progress',
    summary: 'How far services are',
    access: 'viewer',
    query: strictObject({ stack: Type.Optional(Name) }),
    response: Type.Array(ServiceProgress),
  },
  getService: {
    method: 'GET',
    path: '/v1/services/:ref',
    summary: 'A service',
    access: 'viewer',
    params: ByReference,
    response: ServiceDetail,
  },
  createService: {
    method: 'POST',
    path: '/v1/services',
    summary: 'Create a service',
    access: 'admin',
    query: strictObject({ resolve: Type.Optional(ResolveImage) }),
    body: ServiceSpec,
    response: Service,
  },
  updateService: {
    method: 'PUT',
    path: '/v1/services/:ref',
    summary: 'Replace the spec of a service, if it was not changed since `revision`',
    access: 'admin',
    params: ByReference,
    query: strictObject({ revision: Type.Optional(Type.Integer()), resolve: Type.Optional(ResolveImage) }),
    body: ServiceSpec,
    response: Service,
  },
  scaleService: {
    method: 'POST',
    path: '/v1/services/:ref/scale',
    summary: 'Set the number of replicas',
    access: 'admin',
    params: ByReference,
    body: strictObject({ replicas: Type.Integer({ minimum: 0, maximum: 1_000_000 }) }),
    response: Service,
  },
  removeService: {
    method: 'DELETE',
    path: '/v1/services/:ref',
    summary: 'Remove a service',
    access: 'admin',
    params: ByReference,
    response: strictObject({ removed: Type.Array(Type.String()) }),
  },

  ...JOB_ROUTES,
  ...WHY_ROUTE,
  ...REBALANCE_ROUTE,
  ...HTTP_ROUTE,
  ...RELEASE_ROUTES,

  listTasks: {
    method: 'GET',
    path: '/v1/tasks',
    summary: 'List tasks',
    access: 'viewer',
    query: strictObject({
      service: Type.Optional(Reference),
      stack: Type.Optional(Name),
      node: Type.Optional(Reference),
      all: Type.Optional(Flag),
    }),
    response: Type.Array(Task),
  },
  explainTask: {
    method: 'GET',
    path: '/v1/tasks/:ref/placement',
    summary: 'Which nodes would take a task as things are now, and which rule turns each of the others away',
    access: 'viewer',
    params: ByReference,
    response: PlacementExplanation,
  },
  getTask: { method: 'GET', path: '/v1/tasks/:ref', summary: 'A task', access: 'viewer', params: ByReference, response: Task },
  taskLogs: {
    method: 'GET',
    path: '/v1/tasks/:ref/logs',
    summary: "A task's log",
    access: 'viewer',
    params: ByReference,
    query: LogQuery,
    response: SourcedLogFrame,
    stream: true,
  },
  serviceLogs: {
    method: 'GET',
    path: '/v1/services/:ref/logs',
    summary: "The logs of a service's tasks; of a job, also of one run",
    access: 'viewer',
    params: ByReference,
    query: ServiceLogQuery,
    response: SourcedLogFrame,
    stream: true,
  },

  relayLogs: {
    method: 'GET',
    path: '/v1/managers/:manager/nodes/:node/tasks/:task/logs',
    summary: 'The log of a task on a node that this manager serves, as the manager that was asked for it passes it on',
    access: 'manager',
    params: strictObject({ manager: Id, node: Id, task: Id }),
    query: LogQuery,
    response: LogFrame,
    stream: true,
  },

  relayProbe: {
    method: 'POST',
    path: '/v1/managers/:manager/nodes/:node/probe',
    summary: 'What a node that this manager serves says of its network, for the manager that was asked for it',
    access: 'manager',
    params: strictObject({ manager: Id, node: Id }),
    body: ProbeRequest,
    response: ProbeAnswer,
  },

  relayImage: {
    method: 'POST',
    path: '/v1/managers/:manager/image',
    summary: 'What a reference to an image means now, by a node that this manager serves, for another manager',
    access: 'manager',
    params: strictObject({ manager: Id }),
    body: strictObject({ image: Type.String({ minLength: 1, maxLength: 1024 }) }),
    response: Type.Union([strictObject({ digest: Type.String() }), strictObject({ error: Type.String() })]),
  },

  relayApplied: {
    method: 'POST',
    path: '/v1/managers/:manager/applied',
    summary: 'Nodes that this manager serves, as they apply the state of a revision, for another manager: none as soon as it is asked',
    access: 'manager',
    params: strictObject({ manager: Id }),
    body: strictObject({ revision: Type.Integer({ minimum: 0 }), nodeIds: Type.Array(Id, { maxItems: MAX_NODES_ASKED }) }),
    response: Type.Array(Id),
    stream: true,
  },

  listNodes: { method: 'GET', path: '/v1/nodes', summary: 'List nodes', access: 'viewer', response: Type.Array(Node) },
  getNode: { method: 'GET', path: '/v1/nodes/:ref', summary: 'A node', access: 'viewer', params: ByReference, response: Node },
  updateNode: {
    method: 'PATCH',
    path: '/v1/nodes/:ref',
    summary:
      'Change availability, role, labels (null removes a label) or taints (removed by key, or key and effect, before others are added); reserved is kept for the host (null: as its agent says)',
    access: 'admin',
    params: ByReference,
    body: strictObject({
      availability: Type.Optional(oneOf(['active', 'pause', 'drain'])),
      role: Type.Optional(oneOf(['manager', 'worker'])),
      labels: Type.Optional(Type.Record(Type.String({ minLength: 1, maxLength: 256 }), Type.Union([Type.String(), Type.Null()]))),
      reserved: Type.Optional(
        strictObject({
          nanoCpus: Type.Optional(Type.Union([NanoCpus, Type.Null()])),
          memoryBytes: Type.Optional(Type.Union([Bytes, Type.Null()])),
        }),
      ),
      taintsAdd: Type.Optional(Type.Array(Taint, { maxItems: MAX_TAINTS })),
      taintsRemove: Type.Optional(Type.Array(Toleration, { maxItems: MAX_TAINTS })),
    }),
    response: Node,
  },
  removeNode: {
    method: 'DELETE',
    path: '/v1/nodes/:ref',
    summary: 'Forget a node that is down (force: any)',
    access: 'admin',
    params: ByReference,
    query: strictObject({ force: Flag }),
    response: Nothing,
  },

  listNetworks: { method: 'GET', path: '/v1/networks', summary: 'List networks', access: 'viewer', response: Type.Array(Network) },
  listNetworkUse: {
    method: 'GET',
    path: '/v1/network-use',
    summary: 'How many addresses of each network are used and free, and which encrypt',
    access: 'viewer',
    response: Type.Array(NetworkUse),
  },
  getNetwork: {
    method: 'GET',
    path: '/v1/networks/:ref',
    summary: 'A network',
    access: 'viewer',
    params: ByReference,
    response: NetworkDetail,
  },
  untilNetworkApplied: {
    method: 'GET',
    path: '/v1/network-applied',
    summary:
      'Wait until the nodes send clients of these services (of a stack, one alone, or all) where the managers say, and the HTTP proxies have their routes; after some seconds, which of them are behind',
    access: 'viewer',
    query: strictObject({ stack: Type.Optional(Name), service: Type.Optional(Reference) }),
    response: NetworkApplied,
  },
  diagnoseNetworks: {
    method: 'POST',
    path: '/v1/doctor/network',
    summary: 'Let all nodes try the ways to each other, and tell what is wrong',
    access: 'admin',
    response: NetworkDiagnosis,
  },
  createNetwork: {
    method: 'POST',
    path: '/v1/networks',
    summary: 'Create a network',
    access: 'admin',
    body: NetworkSpec,
    response: Network,
  },
  removeNetwork: {
    method: 'DELETE',
    path: '/v1/networks/:ref',
    summary: 'Remove a network that no service uses',
    access: 'admin',
    params: ByReference,
    response: Nothing,
  },

  listConfigs: { method: 'GET', path: '/v1/configs', summary: 'List configs', access: 'viewer', response: Type.Array(Config) },
  createConfig: {
    method: 'POST',
    path: '/v1/configs',
    summary: 'Create a config',
    access: 'admin',
    body: FileSpec,
    response: Config,
    maxBodyBytes: SIXTEEN_MIB,
  },
  removeConfig: {
    method: 'DELETE',
    path: '/v1/configs/:ref',
    summary: 'Remove a config that no service uses',
    access: 'admin',
    params: ByReference,
    response: Nothing,
  },
  listSecrets: {
    method: 'GET',
    path: '/v1/secrets',
    summary: 'List secrets, without their content',
    access: 'viewer',
    response: Type.Array(Secret),
  },
  createSecret: {
    method: 'POST',
    path: '/v1/secrets',
    summary: 'Create a secret',
    access: 'admin',
    body: FileSpec,
    response: Secret,
    maxBodyBytes: SIXTEEN_MIB,
  },
  removeSecret: {
    method: 'DELETE',
    path: '/v1/secrets/:ref',
    summary: 'Remove a secret that no service uses',
    access: 'admin',
    params: ByReference,
    response: Nothing,
  },

  watch: {
    method: 'GET',
    path: '/v1/watch',
    summary: 'The state and then every change, as newline-delimited JSON',
    access: 'viewer',
    query: strictObject({ kinds: Type.Optional(Type.String({ description: 'Kinds with commas between; absent: all' })) }),
    response: WatchLine,
    stream: true,
  },

  join: {
    method: 'POST',
    path: '/v1/join',
    summary: 'Exchange a join token and a signing request for a certificate',
    access: 'open',
    body: JoinRequest,
    response: Certificate,
  },
  renew: {
    method: 'POST',
    path: '/v1/renew',
    summary: "Renew a node's certificate",
    access: 'node',
    body: strictObject({ csr: Pem }),
    response: Certificate,
  },
  rotateToken: {
    method: 'POST',
    path: '/v1/tokens/:role/rotate',
    summary: 'Make a new join token; the old one is void',
    access: 'admin',
    params: strictObject({ role: oneOf(['worker', 'manager']) }),
    response: strictObject({ token: Type.String() }),
  },
} as const satisfies Record<string, RouteDefinition>;

export type Routes = typeof ROUTES;
export type RouteName = keyof Routes;
