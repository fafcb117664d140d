import { type Static, Type } from 'typebox';
import { Autoscale } from './autoscale-spec.js';
import { Bytes, DurationMs, Labels, Name, NanoCpus, oneOf, Port, strictObject } from './common.js';
import { ContainerSpec } from './container-spec.js';
import { HttpRule } from './http-spec.js';
import { Rebalance } from './rebalance-spec.js';
import { Reload } from './reload-spec.js';
import { Schedule } from './schedule-spec.js';
import { Affinity, Priority, Toleration } from './scheduling.js';

const Replicas = Type.Integer({ minimum: 0, maximum: 1_000_000 });

/** How many tasks a service has. */
export const ServiceMode = Type.Union([
  strictObject({ kind: Type.Literal('replicated'), replicas: Replicas }),
  strictObject({ kind: Type.Literal('global') }),
  strictObject({ kind: Type.Literal('replicated-job'), completions: Replicas, concurrency: Replicas }),
  strictObject({ kind: Type.Literal('global-job') }),
]);
export type ServiceMode = Static<typeof ServiceMode>;

export const GenericResource = strictObject({ kind: Type.String({ minLength: 1, maxLength: 128 }), count: Type.Integer({ minimum: 0 }) });
export type GenericResource = Static<typeof GenericResource>;

/** What a task is given at least, and what the scheduler counts. */
export const Reservations = strictObject({ nanoCpus: NanoCpus, memoryBytes: Bytes, generic: Type.Array(GenericResource) });
export type Reservations = Static<typeof Reservations>;

/** What a task is given at most. Absent: no limit. */
export const Limits = strictObject({
  nanoCpus: Type.Optional(NanoCpus),
  memoryBytes: Type.Optional(Bytes),
  pids: Type.Optional(Type.Integer({ minimum: -1 })),
  memorySwapBytes: Type.Optional(Type.Integer({ minimum: -1 })),
  memorySwappiness: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
  cpuShares: Type.Optional(Type.Integer({ minimum: 0 })),
  cpuset: Type.Optional(Type.String()),
  blkioWeight: Type.Optional(Type.Integer({ minimum: 0, maximum: 1000 })),
});
export type Limits = Static<typeof Limits>;

/** What happens when a task ends by itself. Defaults are Swarm's: any / 5 s / unlimited / unbounded. */
export const RestartPolicy = strictObject({
  condition: oneOf(['any', 'on-failure', 'none']),
  delayMs: DurationMs,
  /** 0: unlimited. */
  maxAttempts: Type.Integer({ minimum: 0 }),
  /** Attempts older than this are forgotten; 0: never. */
  windowMs: DurationMs,
});
export type RestartPolicy = Static<typeof RestartPolicy>;

/** How new tasks take the place of old ones. */
export const UpdateConfig = strictObject({
  /** Slots replaced at a time; 0: all at once. */
  parallelism: Type.Integer({ minimum: 0 }),
  delayMs: DurationMs,
  order: oneOf(['start-first', 'stop-first']),
  failureAction: oneOf(['pause', 'continue', 'rollback']),
  /** How long a new task is watched for failure after it runs. */
  monitorMs: DurationMs,
  maxFailureRatio: Type.Number({ minimum: 0, maximum: 1 }),
});
export type UpdateConfig = Static<typeof UpdateConfig>;

/** The share of a service's tasks that an update replaces before it waits to be promoted: so many slots, or percent of them. */
export const Canary = Type.Union([
  strictObject({ count: Type.Integer({ minimum: 1, maximum: 1_000_000 }) }),
  strictObject({ percent: Type.Number({ exclusiveMinimum: 0, maximum: 100 }) }),
]);
export type Canary = Static<typeof Canary>;

export const Placement = strictObject({
  /** Swarm's grammar: `node.labels.zone==eu`, all must hold. */
  constraints: Type.Array(Type.String({ minLength: 1, maxLength: 1024 }), { maxItems: 256 }),
  /** Spread over the values of a node attribute, such as `node.labels.zone`; nested in this order. */
  preferences: Type.Array(strictObject({ spread: Type.String({ minLength: 1, maxLength: 256 }) }), { maxItems: 16 }),
  /** 0: unlimited. */
  maxReplicasPerNode: Type.Integer({ minimum: 0 }),
  platforms: Type.Array(strictObject({ os: Type.Optional(Type.String()), architecture: Type.Optional(Type.String()) })),
  /** Nearness to other services' tasks, and distance from them. */
  affinity: Type.Optional(Affinity),
  /** Tasks of a higher one are placed first, and displace lower ones where there is no room. Absent: 0. */
  priority: Type.Optional(Priority),
  /** Taints of nodes that the tasks put up with. */
  tolerations: Type.Optional(Type.Array(Toleration, { maxItems: 64 })),
  /** How nodes that suit equally are ranked: evenly used, or as few as can be. Absent: spread. */
  strategy: Type.Optional(oneOf(['spread', 'binpack'])),
});
export type Placement = Static<typeof Placement>;

export const NetworkAttachment = strictObject({
  /** Full name of the network object. */
  network: Name,
  aliases: Type.Array(Type.String({ minLength: 1, maxLength: 253 }), { maxItems: 64 }),
  /** On a network that many stacks share: only the names with the stack in them are told there. */
  qualified: Type.Optional(Type.Literal(true)),
});
export type NetworkAttachment = Static<typeof NetworkAttachment>;

export const PublishedPort = strictObject({
  protocol: oneOf(['tcp', 'udp', 'sctp']),
  target: Port,
  /** Absent: chosen by the manager from 30000-32767. */
  published: Type.Optional(Port),
  mode: oneOf(['ingress', 'host']),
  /** Only this address of the node. Absent: every address. */
  hostIp: Type.Optional(Type.String({ maxLength: 64 })),
  name: Type.Optional(Type.String({ maxLength: 128 })),
});
export type PublishedPort = Static<typeof PublishedPort>;

/** The part of a service whose change replaces its tasks. */
export const TaskTemplate = strictObject({
  container: ContainerSpec,
  limits: Limits,
  reservations: Reservations,
  restart: RestartPolicy,
  /** On a node that no manager can reach: `keep` lets it run on, `stop` has its agent stop it, so that never two of a slot run. Absent: `keep`. */
  partition: Type.Optional(oneOf(['keep', 'stop'])),
  networks: Type.Array(NetworkAttachment, { maxItems: 64 }),
  /** Grows to replace all tasks though nothing else changed. */
  forceUpdate: Type.Integer({ minimum: 0 }),
  /** Absent: new content of configs and secrets replaces the tasks. */
  reload: Type.Optional(Reload),
  /** Hash of each config's and secret's content by name: new content is a new template, unless the tasks reload it. */
  fileHashes: Type.Record(Type.String(), Type.String()),
});
export type TaskTemplate = Static<typeof TaskTemplate>;

/** The same client is sent to the same task, as long as that is there. */
export const Stickiness = strictObject({
  /**
   * A client keeps its task for so long after its last new connection, also when tasks are added. Absent: added tasks take
   * their share of the clients over at once.
   */
  keepMs: Type.Optional(DurationMs),
});
export type Stickiness = Static<typeof Stickiness>;

export const ServiceDependency = strictObject({
  /** Full name of the service. */
  service: Name,
  condition: oneOf(['service_started', 'service_healthy', 'service_completed_successfully']),
  required: Type.Boolean(),
  restart: Type.Boolean(),
});

/** What a user wants of a service. */
export const ServiceSpec = strictObject({
  /** Full name: `stack_service` for a stack's service. */
  name: Name,
  /** Name of the stack that it belongs to. */
  stack: Type.Optional(Name),
  labels: Labels,
  mode: ServiceMode,
  template: TaskTemplate,
  placement: Placement,
  update: UpdateConfig,
  rollback: UpdateConfig,
  /** A slot whose new task has not come up after so long has failed; 0: it may take for ever. Absent: `DEFAULT_PROGRESS_DEADLINE_MS`. */
  progressDeadlineMs: Type.Optional(DurationMs),
  /** Absent: an update replaces all tasks. */
  canary: Type.Optional(Canary),
  endpointMode: oneOf(['vip', 'dnsrr']),
  /** Absent: each connection goes to any task. */
  sticky: Type.Optional(Stickiness),
  /** Names and balancing also know tasks that are not ready yet, for those that must find each other to become ready. */
  publishNotReady: Type.Optional(Type.Boolean()),
  /**
   * A task that is to go, and takes no new connections any more, waits so long for those that it has before it gets its stop signal. Its
   * stop grace covers this time too. Absent: a second, or half of the grace if that is less.
   */
  drainMs: Type.Optional(DurationMs),
  ports: Type.Array(PublishedPort, { maxItems: 1024 }),
  /** What the HTTP proxies of the cluster send to the service. */
  http: Type.Optional(Type.Array(HttpRule, { minItems: 1, maxItems: 64 })),
  dependsOn: Type.Array(ServiceDependency, { maxItems: 256 }),
  /** Of jobs: when they run. Absent: once for each template. */
  schedule: Type.Optional(Schedule),
  /** Of replicated services: `mode.replicas` is the number to begin with. */
  autoscale: Type.Optional(Autoscale),
  /** Of replicated services. Absent: tasks stay where they are. */
  rebalance: Type.Optional(Rebalance),
});
export type ServiceSpec = Static<typeof ServiceSpec>;
