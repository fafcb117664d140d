import { type Static, Type } from 'typebox';
import { Config, KINDS, Network, Node, Secret, Service, Stack, Task } from '../object/objects.js';
import { LogFrame } from '../protocol/messages.js';
import { DurationMs, Id, Labels, Name, oneOf, strictObject, Timestamp } from '../spec/common.js';
import { ServiceSpec } from '../spec/service-spec.js';
import { FileSpec, NetworkSpec, StackSpec } from '../spec/stack-spec.js';
import type { RouteDefinition } from './route.js';

/** A name, an id, or the beginning of an id that is like no other. */
const Reference = Type.String({ minLength: 1, maxLength: 128 });
const ByReference = strictObject({ ref: Reference });
const Flag = Type.Boolean({ default: false });
const Nothing = strictObject({});

export const ClusterInfo = strictObject({
  name: Name,
  clusterId: Id,
  version: Type.String(),
  store: oneOf(['embedded', 'etcd', 'memory']),
  /** Whether this manager leads: runs controllers and scheduler. */
  leader: Type.Boolean(),
  revision: Type.Integer(),
  counts: strictObject({
    nodes: Type.Integer(),
    nodesReady: Type.Integer(),
    stacks: Type.Integer(),
    services: Type.Integer(),
    tasks: Type.Integer(),
    tasksRunning: Type.Integer(),
  }),
});
export type ClusterInfo = Static<typeof ClusterInfo>;

/** How near a service is to what was asked. Computed from the view, never stored. */
export const ServiceProgress = strictObject({
  serviceId: Id,
  name: Name,
  mode: Type.String(),
  image: Type.String(),
  /** Tasks wanted; for global services, the nodes that fit. */
  desired: Type.Integer(),
  /** Running (and healthy) tasks, of any revision. */
  running: Type.Integer(),
  /** Running (and healthy) tasks of the current template. */
  updated: Type.Integer(),
  /** All that is wanted runs at the current template and nothing else does. */
  converged: Type.Boolean(),
  /** It cannot come nearer by waiting: why, in words. */
  failed: Type.Optional(Type.String()),
  /** What it waits for, in words: `2 tasks: no suitable node (3 nodes: not enough memory)`. */
  waiting: Type.Optional(Type.String()),
  ports: Type.Array(Type.String()),
});
export type ServiceProgress = Static<typeof ServiceProgress>;

export const StackSummary = strictObject({
  name: Name,
  services: Type.Integer(),
  tasksRunning: Type.Integer(),
  tasksDesired: Type.Integer(),
  converged: Type.Boolean(),
  updatedAt: Timestamp,
});
export type StackSummary = Static<typeof StackSummary>;

export const StackDetail = strictObject({ stack: Stack, services: Type.Array(Service), progress: Type.Array(ServiceProgress) });
export type StackDetail = Static<typeof StackDetail>;

const Outcome = oneOf(['created', 'updated', 'unchanged', 'removed']);
export const DeployResult = strictObject({
  stack: Stack,
  /** What was done to each object, in the order of the stack's spec. */
  changes: Type.Array(
    strictObject({
      kind: oneOf(['services', 'networks', 'configs', 'secrets']),
      name: Name,
      id: Id,
      outcome: Outcome,
      restarts: Type.Boolean(),
    }),
  ),
  /** Store revision that holds all of it: a watch from here sees what comes of it. */
  revision: Type.Integer(),
});
export type DeployResult = Static<typeof DeployResult>;

export const PlannedTask = strictObject({
  service: Name,
  slot: Type.Optional(Type.Integer()),
  action: oneOf(['start', 'stop', 'replace', 'keep']),
  node: Type.Optional(Name),
  reason: Type.Optional(Type.String()),
});
export const PlanResult = strictObject({
  changes: DeployResult.properties.changes,
  tasks: Type.Array(PlannedTask),
  /** Why some tasks have no node, a line each. */
  unplaced: Type.Array(Type.String()),
});
export type PlanResult = Static<typeof PlanResult>;

export const WatchLine = Type.Union([
  /** First line: everything before it was the state at `revision`. */
  strictObject({ type: Type.Literal('synced'), revision: Type.Integer() }),
  strictObject({ type: Type.Literal('put'), kind: oneOf(KINDS), id: Id, revision: Type.Integer(), object: Type.Unknown() }),
  strictObject({ type: Type.Literal('delete'), kind: oneOf(KINDS), id: Id, revision: Type.Integer() }),
  /** Sent at least every 15 s so that a dead connection is noticed. */
  strictObject({ type: Type.Literal('tick'), revision: Type.Integer() }),
]);
export type WatchLine = Static<typeof WatchLine>;

/** A line of a service's or task's log with where it comes from. */
export const SourcedLogFrame = strictObject({
  taskId: Id,
  serviceName: Name,
  slot: Type.Optional(Type.Integer()),
  node: Name,
  frame: LogFrame,
});
export type SourcedLogFrame = Static<typeof SourcedLogFrame>;

const LogQuery = strictObject({
  follow: Flag,
  tail: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
  since: Type.Optional(Timestamp),
  until: Type.Optional(Timestamp),
  timestamps: Flag,
});

const Pem = Type.String({ maxLength: 65_536 });
export const JoinRequest = strictObject({
  token: Type.String({ maxLength: 256 }),
  csr: Pem,
  hostname: Type.String({ maxLength: 253 }),
  labels: Type.Optional(Labels),
});
export const Certificate = strictObject({ nodeId: Id, certificate: Pem, ca: Pem, renewAfterMs: DurationMs });
export type Certificate = Static<typeof Certificate>;

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
  deployStack: {
    method: 'PUT',
    path: '/v1/stacks/:ref',
    summary: 'Create a stack or make it as the spec says, all or nothing',
    access: 'admin',
    params: ByReference,
    query: strictObject({ prune: Flag }),
    body: StackSpec,
    response: DeployResult,
    maxBodyBytes: SIXTEEN_MIB,
  },
  planStack: {
    method: 'POST',
    path: '/v1/stacks/:ref/plan',
    summary: 'What a deploy would do, without doing it',
    access: 'viewer',
    params: ByReference,
    query: strictObject({ prune: Flag }),
    body: StackSpec,
    response: PlanResult,
    maxBodyBytes: SIXTEEN_MIB,
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
    response: strictObject({ service: Service, progress: ServiceProgress }),
  },
  createService: {
    method: 'POST',
    path: '/v1/services',
    summary: 'Create a service',
    access: 'admin',
    body: ServiceSpec,
    response: Service,
  },
  updateService: {
    method: 'PUT',
    path: '/v1/services/:ref',
    summary: 'Replace the spec of a service, if it was not changed since `revision`',
    access: 'admin',
    params: ByReference,
    query: strictObject({ revision: Type.Optional(Type.Integer()) }),
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
    summary: "The logs of a service's tasks",
    access: 'viewer',
    params: ByReference,
    query: LogQuery,
    response: SourcedLogFrame,
    stream: true,
  },

  listNodes: { method: 'GET', path: '/v1/nodes', summary: 'List nodes', access: 'viewer', response: Type.Array(Node) },
  getNode: { method: 'GET', path: '/v1/nodes/:ref', summary: 'A node', access: 'viewer', params: ByReference, response: Node },
  updateNode: {
    method: 'PATCH',
    path: '/v1/nodes/:ref',
    summary: 'Change availability, role or labels (null removes a label)',
    access: 'admin',
    params: ByReference,
    body: strictObject({
      availability: Type.Optional(oneOf(['active', 'pause', 'drain'])),
      role: Type.Optional(oneOf(['manager', 'worker'])),
      labels: Type.Optional(Type.Record(Type.String({ minLength: 1, maxLength: 256 }), Type.Union([Type.String(), Type.Null()]))),
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
  getNetwork: { method: 'GET', path: '/v1/networks/:ref', summary: 'A network', access: 'viewer', params: ByReference, response: Network },
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
