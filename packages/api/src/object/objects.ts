import { type Static, Type } from 'typebox';
import { parseIpv4 } from '../net/ipv4.js';
import { Bytes, DurationMs, Id, Labels, Name, NanoCpus, oneOf, Port, strictObject, Timestamp } from '../spec/common.js';
import { GivenResource, MAX_REPORTED, MAX_TAINTS, OfferedResource, Priority, SystemReserve, Taint } from '../spec/scheduling.js';
import { PublishedPort, ServiceSpec } from '../spec/service-spec.js';
import { FileSpec, NetworkSpec } from '../spec/stack-spec.js';
import { HostCertificate } from './host-certificate.js';
import { JobControl, JobStatus } from './job.js';
import { Content, Release } from './release.js';
import { stored } from './stored.js';
import { DesiredState, TaskState } from './task-state.js';
import { AutoscaleStatus, TaskUsage } from './usage.js';

/** Written by the user (use cases). Its services, networks, configs and secrets carry its name. */
export const Stack = stored({
  name: Name,
  /** Number of the release that is current. */
  release: Type.Optional(Type.Integer({ minimum: 1 })),
});
export type Stack = Static<typeof Stack>;

/** How far an update has come. Written by the service controllers. */
export const UpdateStatus = strictObject({
  state: oneOf(['updating', 'canary', 'paused', 'completed', 'rollback-started', 'rollback-paused', 'rollback-completed']),
  startedAt: Timestamp,
  completedAt: Type.Optional(Timestamp),
  message: Type.String(),
  /** Spec that the update leads to: a status of an older spec is history. */
  specRevision: Type.Optional(Type.Integer({ minimum: 1 })),
  /** What made it pause or roll back: tasks that failed, tasks that did not come up in time, or the user. */
  cause: Type.Optional(oneOf(['failures', 'deadline', 'user'])),
  /** How many of the user's resumes it has obeyed, and when the last one: what failed before is forgiven. */
  resumes: Type.Optional(Type.Integer({ minimum: 0 })),
  resumedAt: Type.Optional(Timestamp),
});
export type UpdateStatus = Static<typeof UpdateStatus>;

/** What the user wants of the update to the current template. A new template begins without. Written by the user. */
export const UpdateControl = strictObject({
  paused: Type.Boolean(),
  /** Grows by one with each resume. */
  resumes: Type.Integer({ minimum: 0 }),
  /** The canary is good: the rest may follow. */
  promoted: Type.Boolean(),
  /** The spec was there before: the settings for rollbacks hold. Says what for, in words. */
  rollback: Type.Optional(Type.String({ maxLength: 1024 })),
  /** Who spoke last, as the certificate says. */
  by: Type.String({ maxLength: 256 }),
});
export type UpdateControl = Static<typeof UpdateControl>;

export const Service = stored({
  /** Current spec. Written by the user. */
  spec: ServiceSpec,
  /** Number of the spec: grows by one with each change of it. Written by the user. */
  specRevision: Type.Integer({ minimum: 1 }),
  /** Hash of the template: tasks with another one are replaced. Written by the user's use case. */
  templateHash: Type.String(),
  /** Ports with the automatic ones filled in. Written by the use case that allocates them. */
  ports: Type.Array(PublishedPort),
  /** Written by the service controllers. */
  update: Type.Optional(UpdateStatus),
  updateControl: Type.Optional(UpdateControl),
  /** Of autoscaled services. Written by the autoscaler. */
  autoscale: Type.Optional(AutoscaleStatus),
  /** Of jobs: its runs. Written by the service controller. */
  job: Type.Optional(JobStatus),
  /** Of jobs: what the user asked for besides the spec. Written by the user. */
  jobControl: Type.Optional(JobControl),
});
export type Service = Static<typeof Service>;

/** One immutable spec of a service. Id: `<serviceId>r<specRevision>`. */
export const ServiceRevision = stored({
  serviceId: Id,
  specRevision: Type.Integer({ minimum: 1 }),
  templateHash: Type.String(),
  spec: ServiceSpec,
});
export type ServiceRevision = Static<typeof ServiceRevision>;

export const TaskStatus = strictObject({
  state: TaskState,
  /** When it came to this state, by the writer's clock. */
  at: Timestamp,
  /** What it is doing, in words: `pulling image`, `0/3 nodes: …`. */
  message: Type.String({ maxLength: 4096 }),
  /** Why it failed, in words. */
  error: Type.Optional(Type.String({ maxLength: 4096 })),
  containerId: Type.Optional(Type.String()),
  exitCode: Type.Optional(Type.Integer()),
  oomKilled: Type.Optional(Type.Boolean()),
  /** Result of the health check: absent when there is none. */
  health: Type.Optional(oneOf(['starting', 'healthy', 'unhealthy'])),
  /** IPv4 address by network id. */
  addresses: Type.Optional(Type.Record(Type.String(), Type.String())),
  /** IPv6 address by network id, of networks that have IPv6. */
  addresses6: Type.Optional(Type.Record(Type.String(), Type.String())),
  /** Of tasks that reload their files: the contents that the program has, by kind and name. */
  files: Type.Optional(Type.Record(Type.String(), Type.String())),
  /** Why it has not taken newer ones over, in words. */
  filesError: Type.Optional(Type.String({ maxLength: 4096 })),
  /** Digest of the image that runs, such as `sha256:…`. */
  imageDigest: Type.Optional(Type.String()),
  /** When its container started. */
  startedAt: Type.Optional(Timestamp),
  /** When it came to `running`: started, and healthy if it has a health check. */
  runningAt: Type.Optional(Timestamp),
  finishedAt: Type.Optional(Timestamp),
});
export type TaskStatus = Static<typeof TaskStatus>;

/** Which restart in a row a task is, from 1, and what ended the one before it, in words. A task that ran well begins a new row. */
export const TaskRestart = strictObject({ attempt: Type.Integer({ minimum: 1 }), reason: Type.String({ maxLength: 2048 }) });
export type TaskRestart = Static<typeof TaskRestart>;

/** One run of one slot of a service on one node. Never restarted: its successor is a new task in the same slot. */
export const Task = stored({
  serviceId: Id,
  serviceName: Name,
  stack: Type.Optional(Name),
  specRevision: Type.Integer({ minimum: 1 }),
  templateHash: Type.String(),
  /** Of the template that it runs, as the spec names it. Written by controllers. */
  image: Type.Optional(Type.String()),
  /** 1..replicas for replicated services; absent for global ones, whose slot is the node. */
  slot: Type.Optional(Type.Integer({ minimum: 1 })),
  /** Of jobs: number of the run that it is a part of. Written by controllers. */
  run: Type.Optional(Type.Integer({ minimum: 1 })),
  /** Written by the scheduler; by the controller for global services. */
  nodeId: Type.Optional(Id),
  /** Named resources of its node that are its own, such as GPUs. Written by the scheduler, with the node. */
  resources: Type.Optional(Type.Array(GivenResource, { maxItems: 64 })),
  /** It was told to go, or its predecessor was, to make room for tasks of this service. Written by the scheduler; handed on by controllers. */
  madeRoomFor: Type.Optional(strictObject({ service: Name, priority: Priority })),
  /** Written by controllers, and by the scheduler for what makes room. Only moves forward. */
  desired: DesiredState,
  /** Start no earlier than this: a restart that waits out its delay. Written by controllers. */
  startAfter: Type.Optional(Timestamp),
  /** The task before it ended by itself. Written by controllers, or told by the agent that made the restart. */
  restart: Type.Optional(TaskRestart),
  /** When what it depends on was there. Written by controllers. */
  releasedAt: Type.Optional(Timestamp),
  /**
   * It is to make way for a successor on another node, which starts first. Written by the rebalancer; why it was given up, by the service's controller.
   */
  move: Type.Optional(
    strictObject({ at: Timestamp, reason: Type.String({ maxLength: 512 }), givenUp: Type.Optional(Type.String({ maxLength: 1024 })) }),
  ),
  /** Written by controllers and the scheduler up to `assigned`, by the agent from then on, by the node controller for `orphaned`. */
  status: TaskStatus,
});
export type Task = Static<typeof Task>;

export const Platform = strictObject({ os: Type.String(), architecture: Type.String() });
export type Platform = Static<typeof Platform>;

export const NodeResources = strictObject({
  nanoCpus: NanoCpus,
  memoryBytes: Bytes,
  generic: Type.Array(OfferedResource),
  /** What the agent was told to keep for the host itself: no task gets it. */
  reserved: Type.Optional(SystemReserve),
});
export type NodeResources = Static<typeof NodeResources>;

/** What an agent says of its host. Written by the agent. */
export const NodeDescription = strictObject({
  hostname: Type.String({ maxLength: 253 }),
  platform: Platform,
  resources: NodeResources,
  /** Address at which other nodes reach it. */
  address: Type.String({ maxLength: 64 }),
  engine: strictObject({
    version: Type.String(),
    apiVersion: Type.String(),
    labels: Labels,
    plugins: Type.Array(Type.String()),
    storageDriver: Type.String(),
  }),
  agentVersion: Type.String(),
  kernel: Type.String(),
  operatingSystem: Type.String(),
  /** How the node encrypts what it sends to others: WireGuard's public key in base64. Absent: it cannot. */
  encryption: Type.Optional(
    strictObject({ publicKey: Type.String({ pattern: '^[A-Za-z0-9+/]{43}=$' }), by: oneOf(['kernel', 'wireguard-go']) }),
  ),
  /** The node can carry networks with IPv6; the addresses of its underlay interface by which others see it. */
  ipv6: Type.Optional(strictObject({ addresses: Type.Array(Type.String(), { maxItems: 16 }) })),
  /** Largest packet that leaves the host in one piece toward its peers, in bytes. */
  underlayMtu: Type.Optional(Type.Integer({ minimum: 68, maximum: 1_000_000 })),
  /** Names of the volumes that lie on this host; the first ones by name. */
  volumes: Type.Optional(Type.Array(Type.String({ maxLength: 256 }), { maxItems: MAX_REPORTED })),
  /** Images that its engine has, by tag and by digest, each by the name that `imageName` gives; the first ones of them. */
  images: Type.Optional(Type.Array(Type.String({ maxLength: 1024 }), { maxItems: MAX_REPORTED })),
  /** TCP and UDP ports of the host that something else listens on. */
  busyPorts: Type.Optional(Type.Array(strictObject({ protocol: oneOf(['tcp', 'udp']), port: Port }))),
});
export type NodeDescription = Static<typeof NodeDescription>;

export const NodeSpec = strictObject({
  availability: oneOf(['active', 'pause', 'drain']),
  labels: Labels,
  role: oneOf(['manager', 'worker']),
  taints: Type.Optional(Type.Array(Taint, { maxItems: MAX_TAINTS })),
  /** What is kept for the host itself, instead of what its agent was told to keep. */
  reserved: Type.Optional(Type.Partial(SystemReserve, { additionalProperties: false })),
});
export type NodeSpec = Static<typeof NodeSpec>;

export const NodeStatus = strictObject({
  state: oneOf(['unknown', 'ready', 'down']),
  message: Type.String(),
  at: Timestamp,
});
export type NodeStatus = Static<typeof NodeStatus>;

/** Which manager serves the node's agent: the id of a {@link Manager}, which is gone when that manager is. */
export const NodeSession = strictObject({
  manager: Id,
  /** Grows by one with each session of the node, whichever manager has it. */
  epoch: Type.Integer({ minimum: 1 }),
});
export type NodeSession = Static<typeof NodeSession>;

export const Node = stored({
  /** Unique; the hostname when it joined. */
  name: Name,
  /** Written by the user. */
  spec: NodeSpec,
  /** Written by the agent, through its session. Absent until its first session. */
  description: Type.Optional(NodeDescription),
  /** Written by the manager that serves the agent; `down` by the leader when that manager is gone. */
  status: NodeStatus,
  /** Written by the manager to which the agent has connected. Absent until its first session. */
  session: Type.Optional(NodeSession),
});
export type Node = Static<typeof Node>;

/**
 * A manager that runs. Written by itself and tied to a lease: it is there as long as the manager renews that. The id is a new
 * one with each lease, so that what was held under an old one is known to be void.
 */
export const Manager = stored({
  hostname: Type.String({ maxLength: 253 }),
  /** `host:port` at which other managers reach it, the best one first. */
  addresses: Type.Array(Type.String({ maxLength: 260 }), { maxItems: 32 }),
  version: Type.String(),
});
export type Manager = Static<typeof Manager>;
/** A VXLAN network identifier has 24 bits. */
const Vni = Type.Integer({ minimum: 1, maximum: 16_777_215 });

export const Network = stored({
  /** Written by the user. */
  spec: NetworkSpec,
  /** Written by the network use case or controller: the network's subnets in CIDR form and its VXLAN id. */
  allocation: Type.Optional(strictObject({ subnet: Type.String(), subnet6: Type.Optional(Type.String()), vni: Vni })),
});
export type Network = Static<typeof Network>;

/** The part of a network's subnet that one node gives addresses from. Id: `<networkId>n<nodeId>`. Written by the network controller. */
export const NetworkBlock = stored({
  networkId: Id,
  nodeId: Id,
  subnet: Type.String(),
  /** The network's VXLAN id: not given away anew while the last tasks of a removed network stop. */
  vni: Type.Optional(Vni),
});
export type NetworkBlock = Static<typeof NetworkBlock>;

/**
 * The virtual address of a service on one network, out of the network's subnet. Id: `<networkId>v<address as a number>`, so
 * that the store itself gives no address out twice. Written by the network controller.
 */
export const Vip = stored({ networkId: Id, serviceId: Id, address: Type.String() });
export type Vip = Static<typeof Vip>;

/**
 * What has the name now. `spec.data` is empty in the store: the content is a `Content` of its own, by its hash. The API fills it
 * in for configs and never for secrets. `hash`: of the content, in hex: sha256 for configs, made with a key of the managers for secrets.
 */
export const Config = stored({ spec: FileSpec, hash: Type.String() });
export type Config = Static<typeof Config>;
export const Secret = stored({ spec: FileSpec, hash: Type.String() });
export type Secret = Static<typeof Secret>;

/** The one object about the cluster itself. Id: `cluster`. Tokens are kept as sha256 in hex. */
export const Cluster = stored({
  name: Name,
  clusterId: Id,
  tokenHashes: strictObject({ worker: Type.String(), manager: Type.String() }),
  /** Pool that networks' subnets are cut from. */
  addressPool: Type.String(),
});
export type Cluster = Static<typeof Cluster>;

/**
 * What the autoscaled tasks of one node used lately. Id: the node's. Written by the dispatcher that holds the node's session, every few
 * seconds at most: the leader, which need not be that manager, decides by it.
 */
export const NodeUsage = stored({ at: Timestamp, overMs: DurationMs, tasks: Type.Array(TaskUsage, { maxItems: 10_000 }) });
export type NodeUsage = Static<typeof NodeUsage>;

/** Every kind of stored object by its name in keys and routes. */
export const OBJECT_SCHEMAS = {
  clusters: Cluster,
  stacks: Stack,
  services: Service,
  revisions: ServiceRevision,
  tasks: Task,
  nodes: Node,
  managers: Manager,
  networks: Network,
  blocks: NetworkBlock,
  vips: Vip,
  configs: Config,
  secrets: Secret,
  usages: NodeUsage,
  contents: Content,
  releases: Release,
  certificates: HostCertificate,
} as const;

export interface ObjectTypes {
  clusters: Cluster;
  stacks: Stack;
  services: Service;
  revisions: ServiceRevision;
  tasks: Task;
  nodes: Node;
  managers: Manager;
  networks: Network;
  blocks: NetworkBlock;
  vips: Vip;
  configs: Config;
  secrets: Secret;
  usages: NodeUsage;
  contents: Content;
  releases: Release;
  certificates: HostCertificate;
}
export type Kind = keyof ObjectTypes;
export const KINDS = Object.keys(OBJECT_SCHEMAS) as Kind[];

/** One change of one object, as informers and watch streams tell it. */
export type ObjectChange = { [K in Kind]: { kind: K; id: string; object: ObjectTypes[K] | undefined; revision: number } }[Kind];

export function serviceRevisionId(serviceId: string, specRevision: number): string {
  return `${serviceId}r${specRevision}`;
}

export function networkBlockId(networkId: string, nodeId: string): string {
  return `${networkId}n${nodeId}`;
}

export function vipId(networkId: string, address: string): string {
  return `${networkId}v${parseIpv4(address) ?? 0}`;
}
