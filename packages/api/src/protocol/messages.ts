import { type Static, Type } from 'typebox';
import { NodeDescription, TaskRestart, TaskStatus } from '../object/objects.js';
import { DesiredState } from '../object/task-state.js';
import { TaskUsage } from '../object/usage.js';
import { DurationMs, Id, Labels, Name, oneOf, Port, strictObject, Timestamp } from '../spec/common.js';
import { GivenResource } from '../spec/scheduling.js';
import { PublishedPort, Stickiness, TaskTemplate } from '../spec/service-spec.js';
import { ProbeAnswer, ProbeRequest } from './probe.js';

/** Version of the session protocol. A manager refuses an agent of another one with a message that says which side is older. */
export const PROTOCOL_VERSION = 1;
/** WebSocket paths: the one session of an agent, and one connection for each stream (logs, forwarded ports). */
export const SESSION_PATH = '/v1/agent/session';
export const STREAM_PATH = '/v1/agent/streams/:id';
/** WebSocket path for people: one connection to a TCP port of a service's or task's container. Bytes are data, text is control. */
export const FORWARD_PATH = '/v1/forward/:ref/:port';
/** The same for another manager: a connection to a task of a node that this one serves. */
export const RELAY_FORWARD_PATH = '/v1/managers/:manager/nodes/:node/tasks/:task/forward/:port';
/** Largest message in bytes, either way. */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
/** An agent beats at least so often while its session is open; it is taken for lost after three missed beats. */
export const HEARTBEAT_MS = 1_000;
export const MISSED_HEARTBEATS = 3;
/** Tasks that are measured are so this often. */
export const USAGE_MS = 5_000;

/** A network attachment of a task, by id. */
export const AssignedNetwork = strictObject({ networkId: Id, name: Name, aliases: Type.Array(Type.String()) });

/** All that an agent must know to run one task. */
export const TaskAssignment = strictObject({
  id: Id,
  serviceId: Id,
  serviceName: Name,
  stack: Type.Optional(Name),
  serviceLabels: Labels,
  slot: Type.Optional(Type.Integer()),
  specRevision: Type.Integer(),
  desired: DesiredState,
  /**
   * It is to go, but clients may still be sent to it: it runs on until the set says the same without this, or so long after this came if
   * no manager says anything.
   */
  holdMs: Type.Optional(DurationMs),
  /** See `ServiceSpec.drainMs`. */
  drainMs: Type.Optional(DurationMs),
  startAfter: Type.Optional(Timestamp),
  /** Restarts that this slot has behind it under this spec, and when: the restart policy counts them. */
  restarts: Type.Array(Timestamp),
  /** Which restart in a row it is. */
  restart: Type.Optional(TaskRestart),
  template: TaskTemplate,
  /** Named resources of the node that are this task's own. */
  resources: Type.Optional(Type.Array(GivenResource)),
  networks: Type.Array(AssignedNetwork),
  /** Ports in host mode: bound on this node for this task. */
  hostPorts: Type.Array(PublishedPort),
  /** Ids of the contents of configs and secrets by their names: those that the task's spec was deployed with. */
  configIds: Type.Record(Type.String(), Type.String()),
  secretIds: Type.Record(Type.String(), Type.String()),
});
export type TaskAssignment = Static<typeof TaskAssignment>;

/** A node that shares a network: where its block is reached. */
export const NetworkPeer = strictObject({
  nodeId: Id,
  address: Type.String(),
  block: Type.String(),
  /** Its own IPv6 addresses, on networks that have IPv6: so that a node is known when it asks another one. */
  addresses6: Type.Optional(Type.Array(Type.String())),
  /** For encrypted networks: WireGuard's public key of the node. */
  publicKey: Type.Optional(Type.String()),
});
export type NetworkPeer = Static<typeof NetworkPeer>;

/** A network that this node takes part in: it runs tasks on it, or forwards published ports into it. */
export const NetworkAssignment = strictObject({
  id: Id,
  name: Name,
  vni: Type.Integer(),
  subnet: Type.String(),
  /** IPv6 subnet of the network: each range of `subnet` has one of it beside it (`ipv6RangeBeside`). Absent: it has IPv4 alone. */
  subnet6: Type.Optional(Type.String()),
  /** This node's block of the subnet, in CIDR form; its first host address is the gateway. */
  block: Type.String(),
  /** The part of the subnet that virtual addresses of services come from, in CIDR form. Absent: the subnet is too small for any. */
  vips: Type.Optional(Type.String()),
  internal: Type.Boolean(),
  attachable: Type.Boolean(),
  driverOptions: Labels,
  /** What leaves the node must be encrypted: never sent in the clear, whatever fails. */
  encrypted: Type.Optional(Type.Literal(true)),
  /** For encrypted networks: this node's own public key, as the others are told it. */
  publicKey: Type.Optional(Type.String()),
  /** Containers of the network reach these addresses of it, of IPv4 and IPv6, and are reached from them, and nothing else of it. Absent: they reach each other. */
  hubs: Type.Optional(Type.Array(Type.String())),
  /** Largest packet that passes between all members, in bytes; absent: not known yet, and the node goes by its own underlay. */
  mtu: Type.Optional(Type.Integer({ minimum: 68, maximum: 65_535 })),
  peers: Type.Array(NetworkPeer),
});
export type NetworkAssignment = Static<typeof NetworkAssignment>;

/**
 * A task that takes traffic: running, and healthy when it has a health check. `ready: false`: it is not there yet, but its
 * service publishes such tasks as well (`x-publish-not-ready`).
 */
export const Endpoint = strictObject({
  taskId: Id,
  nodeId: Id,
  slot: Type.Optional(Type.Integer()),
  address: Type.String(),
  /** IPv6 address, on networks that have IPv6. */
  address6: Type.Optional(Type.String()),
  ready: Type.Optional(Type.Literal(false)),
});
export type Endpoint = Static<typeof Endpoint>;

/** A service as discovery and load balancing see it on one network. Id: `<serviceId>n<networkId>`. */
export const ServiceEndpoints = strictObject({
  id: Id,
  serviceId: Id,
  serviceName: Name,
  /** Name without the stack, as the stack's other services call it. */
  shortName: Name,
  stack: Type.Optional(Name),
  networkId: Id,
  aliases: Type.Array(Type.String()),
  /** Only the names with the stack in them are told. */
  qualified: Type.Optional(Type.Literal(true)),
  endpointMode: oneOf(['vip', 'dnsrr']),
  /** Virtual address on this network; absent with `dnsrr`, for jobs, and until the manager has given one. */
  vip: Type.Optional(Type.String()),
  /** The same of IPv6, on networks that have it. */
  vip6: Type.Optional(Type.String()),
  sticky: Type.Optional(Stickiness),
  /** Ports that the service says it listens on: what SRV records tell. */
  ports: Type.Array(strictObject({ name: Type.Optional(Type.String()), protocol: oneOf(['tcp', 'udp', 'sctp']), target: Port })),
  /** Ports published on every node and sent to these endpoints; empty on all networks of the service but one. */
  ingress: Type.Array(
    strictObject({ protocol: oneOf(['tcp', 'udp', 'sctp']), published: Port, target: Port, hostIp: Type.Optional(Type.String()) }),
  ),
  endpoints: Type.Array(Endpoint),
});
export type ServiceEndpoints = Static<typeof ServiceEndpoints>;

/** Immutable content of a config or secret that a task of this node needs. */
export const FileContent = strictObject({ id: Id, secret: Type.Boolean(), hash: Type.String(), data: Type.String() });
export type FileContent = Static<typeof FileContent>;

/** A task of this node that is over, but whose object is still in the store: its container stays for its log. */
export const EndedTask = strictObject({ id: Id });
export type EndedTask = Static<typeof EndedTask>;

/** The desired set of one node, by kind. No task is in both `tasks` and `ended`. */
export const NodeSetItems = strictObject({
  tasks: Type.Array(TaskAssignment),
  ended: Type.Array(EndedTask),
  networks: Type.Array(NetworkAssignment),
  services: Type.Array(ServiceEndpoints),
  files: Type.Array(FileContent),
});
export type NodeSetItems = Static<typeof NodeSetItems>;
export type NodeSetKind = keyof NodeSetItems;
export const NODE_SET_KINDS: readonly NodeSetKind[] = ['tasks', 'ended', 'networks', 'services', 'files'];

export const LogOptions = strictObject({
  follow: Type.Boolean(),
  /** Lines from the end; absent: all. */
  tail: Type.Optional(Type.Integer({ minimum: 0 })),
  since: Type.Optional(Timestamp),
  until: Type.Optional(Timestamp),
  timestamps: Type.Boolean(),
  stdout: Type.Boolean(),
  stderr: Type.Boolean(),
});
export type LogOptions = Static<typeof LogOptions>;

/** Manager to agent. */
export const ManagerMessage = Type.Union([
  /** The complete set: what is not in it is not desired. Sent once, after `hello`. */
  strictObject({ type: Type.Literal('desired'), seq: Type.Integer(), items: NodeSetItems }),
  /** Items to put (new or changed, whole) and ids to remove. `seq` is the former one plus 1. */
  strictObject({
    type: Type.Literal('delta'),
    seq: Type.Integer(),
    put: NodeSetItems,
    remove: strictObject({
      tasks: Type.Array(Id),
      ended: Type.Array(Id),
      networks: Type.Array(Id),
      services: Type.Array(Id),
      files: Type.Array(Id),
    }),
  }),
  /** Dial a stream: the agent opens STREAM_PATH with this id and sends `LogFrame`s as text messages until it ends or the manager closes. */
  strictObject({ type: Type.Literal('open-logs'), streamId: Id, taskId: Id, options: LogOptions }),
  /** Dial a stream and carry one connection to a TCP port of the task's container over it. */
  strictObject({ type: Type.Literal('open-forward'), streamId: Id, taskId: Id, port: Port }),
  /** Look at the network as asked, and answer with `probed`. */
  strictObject({ type: Type.Literal('probe'), probeId: Id, request: ProbeRequest }),
  /** Ask the registry, with this node's credentials, what a reference to an image means now. */
  strictObject({ type: Type.Literal('resolve-image'), requestId: Id, image: Type.String({ maxLength: 1024 }) }),
  /** Statuses up to this report number are in the store. */
  strictObject({ type: Type.Literal('reported'), report: Type.Integer() }),
  /** Tell usage of the tasks of these services, from now on. Sent when the list changes; without it, nothing is measured. */
  strictObject({ type: Type.Literal('measure'), serviceIds: Type.Array(Id, { maxItems: 10_000 }) }),
  /** Answers a heartbeat, so that an agent notices a dead connection as soon as the manager does. */
  strictObject({ type: Type.Literal('heartbeat') }),
  /** The session is over; the agent connects again later, unless `final`. */
  strictObject({ type: Type.Literal('refused'), code: Type.String(), message: Type.String(), final: Type.Boolean() }),
]);
export type ManagerMessage = Static<typeof ManagerMessage>;

/**
 * What one task does. `successorOf` says that the agent itself restarted a task: this one took the place of that one,
 * in the same slot with the same spec, and the manager records it as a task of its own.
 */
export const TaskReport = strictObject({
  taskId: Id,
  status: TaskStatus,
  successorOf: Type.Optional(Id),
  startAfter: Type.Optional(Timestamp),
  restart: Type.Optional(TaskRestart),
});
export type TaskReport = Static<typeof TaskReport>;

/** Agent to manager. */
export const AgentMessage = Type.Union([
  /** First message. `tasks`: all that the agent holds, with restarts made while away, oldest first. */
  strictObject({
    type: Type.Literal('hello'),
    protocol: Type.Integer(),
    description: NodeDescription,
    tasks: Type.Array(TaskReport, { maxItems: 100_000 }),
  }),
  strictObject({ type: Type.Literal('heartbeat') }),
  strictObject({ type: Type.Literal('description'), description: NodeDescription }),
  /** A batch of what changed, in order; `report` numbers the batches of this session from 1. */
  strictObject({ type: Type.Literal('status'), report: Type.Integer(), tasks: Type.Array(TaskReport, { maxItems: 10_000 }) }),
  /** What measured tasks used since the last such message. Lost ones are not made up for. */
  strictObject({ type: Type.Literal('usage'), tasks: Type.Array(TaskUsage, { maxItems: 10_000 }) }),
  /** Networks, names and balancing of the node are as the set up to `seq` says. */
  strictObject({ type: Type.Literal('applied'), seq: Type.Integer() }),
  strictObject({ type: Type.Literal('probed'), probeId: Id, answer: ProbeAnswer }),
  /** Answers `resolve-image`: the digest, or why there is none. */
  strictObject({
    type: Type.Literal('image-resolved'),
    requestId: Id,
    digest: Type.Optional(Type.String({ maxLength: 128 })),
    error: Type.Optional(Type.String({ maxLength: 4096 })),
  }),
  /** The desired set up to `seq` is taken over (saved to disk). */
  strictObject({ type: Type.Literal('ack'), seq: Type.Integer() }),
]);
export type AgentMessage = Static<typeof AgentMessage>;

/** One line of a log, or the end. Text frame of a log stream. */
export const LogFrame = Type.Union([
  strictObject({ type: Type.Literal('line'), stream: oneOf(['stdout', 'stderr']), text: Type.String(), at: Type.Optional(Type.String()) }),
  strictObject({ type: Type.Literal('end') }),
  /** `no-container`: the task has none on its node, not yet or no longer. */
  strictObject({ type: Type.Literal('error'), message: Type.String(), code: Type.Optional(oneOf(['no-container'])) }),
]);
export type LogFrame = Static<typeof LogFrame>;
