import { type Static, Type } from 'typebox';
import { KINDS, Network, Service, Stack, UpdateStatus } from '../object/objects.js';
import { Release } from '../object/release.js';
import { LogFrame } from '../protocol/messages.js';
import { DurationMs, Id, Labels, Name, oneOf, strictObject, Timestamp } from '../spec/common.js';
import { ServiceSpec } from '../spec/service-spec.js';

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
  /**
   * Why waiting longer brings nothing, for programs: tasks fail again and again; the update is paused; tasks did not come up
   * before the deadline; it was rolled back; or a canary waits to be promoted, which is no failure.
   */
  verdict: Type.Optional(oneOf(['failing', 'paused', 'deadline', 'rolled-back', 'canary'])),
  /** State of the last update. */
  update: Type.Optional(UpdateStatus),
  /** What it waits for, in words: `2 tasks: 0/3 nodes: not enough memory`. */
  waiting: Type.Optional(Type.String()),
  /** Of a job with a schedule: its last run and the next time, in words. */
  job: Type.Optional(Type.String()),
  ports: Type.Array(Type.String()),
});
export type ServiceProgress = Static<typeof ServiceProgress>;

/** Where a task could run as things are now, and why not elsewhere. */
export const PlacementExplanation = strictObject({
  /** Of the whole cluster. */
  nodes: Type.Integer(),
  /** Ids of the nodes that fulfil every rule. */
  fitting: Type.Array(Id),
  /** What turns the others away, that which turns away most first: each node is counted under the first rule that does. */
  refusals: Type.Array(
    strictObject({
      /** Name of the rule: `ready`, `taints`, `constraints`, `platform`, `resources`, `host-ports`, `max-replicas`, `addresses`, `affinity`… */
      filter: Type.String(),
      /** In words, with numbers: `not enough memory (need 2 GiB, best has 1.4 GiB)`. */
      reason: Type.String(),
      count: Type.Integer(),
      nodeIds: Type.Array(Id),
    }),
  ),
  /** The one node that the task may go to, and why. */
  bound: Type.Optional(strictObject({ nodeId: Id, reason: Type.String() })),
  /** All of it in one sentence. */
  message: Type.String(),
});
export type PlacementExplanation = Static<typeof PlacementExplanation>;

export const StackSummary = strictObject({
  name: Name,
  services: Type.Integer(),
  tasksRunning: Type.Integer(),
  tasksDesired: Type.Integer(),
  converged: Type.Boolean(),
  updatedAt: Timestamp,
});
export type StackSummary = Static<typeof StackSummary>;

export const ServiceDetail = strictObject({
  service: Service,
  progress: ServiceProgress,
  /** Its virtual addresses, by the names of its networks; none for a network on which its name stands for its tasks. */
  addresses: Type.Array(strictObject({ network: Name, address: Type.String(), address6: Type.Optional(Type.String()) })),
});
export type ServiceDetail = Static<typeof ServiceDetail>;

export const StackDetail = strictObject({ stack: Stack, services: Type.Array(Service), progress: Type.Array(ServiceProgress) });
export type StackDetail = Static<typeof StackDetail>;

/** Addresses of a network, or of one node's part of it. */
const AddressCount = {
  /** Addresses that containers can have. */
  capacity: Type.Integer(),
  used: Type.Integer(),
  free: Type.Integer(),
};
/** What a network has given out. Computed from the view, never stored. */
export const NetworkUsage = strictObject({
  subnet: Type.Optional(Type.String()),
  /** Of networks with IPv6. */
  subnet6: Type.Optional(Type.String()),
  ...AddressCount,
  /** Nodes that can take part: each has a block of the subnet. */
  blocks: strictObject({ total: Type.Integer(), used: Type.Integer(), free: Type.Integer(), capacity: Type.Integer() }),
  /** Virtual addresses of services; absent when the subnet is too small to have any. */
  vips: Type.Optional(strictObject({ range: Type.String(), range6: Type.Optional(Type.String()), ...AddressCount })),
  /** `block6`: what stands beside the block, of networks with IPv6. */
  nodes: Type.Array(strictObject({ node: Name, block: Type.String(), block6: Type.Optional(Type.String()), ...AddressCount })),
  services: Type.Array(Name),
  /** Largest packet between its containers, in bytes, and the node whose underlay sets it. */
  mtu: Type.Optional(Type.Integer()),
  mtuLimitedBy: Type.Optional(Name),
  encrypted: Type.Boolean(),
  /** What is not as it should be, a sentence each. */
  problems: Type.Array(Type.String()),
});
export type NetworkUsage = Static<typeof NetworkUsage>;
export const NetworkDetail = strictObject({ network: Network, usage: NetworkUsage });
export type NetworkDetail = Static<typeof NetworkDetail>;

/** The short form of {@link NetworkUsage}, for lists. */
export const NetworkUse = strictObject({ networkId: Id, used: Type.Integer(), free: Type.Integer(), encrypted: Type.Boolean() });
export type NetworkUse = Static<typeof NetworkUse>;

/** Whether all nodes send clients where the managers say. */
export const NetworkApplied = strictObject({
  /** Names of nodes that do not, as far as is known. */
  behind: Type.Array(Name),
  /** HTTP proxies that do not go by the routes as they are now, such as `http_proxy.2`. */
  proxies: Type.Array(Type.String()),
});
export type NetworkApplied = Static<typeof NetworkApplied>;

/** What a look at the network from all nodes found. */
export const NetworkDiagnosis = strictObject({
  /** Nodes that were asked and answered. */
  nodes: Type.Array(Name),
  /** Links that were looked at, each from one node to another. */
  links: Type.Array(
    strictObject({ from: Name, to: Name, ok: Type.Boolean(), pathMtu: Type.Optional(Type.Integer()), networks: Type.Array(Name) }),
  ),
  /** What is wrong, a line each, with the link or node and the cause. Empty: all is well. */
  problems: Type.Array(Type.String()),
  /** What could not be looked at, and why. */
  skipped: Type.Array(Type.String()),
  /** What there was nothing to try of. */
  notes: Type.Array(Type.String()),
});
export type NetworkDiagnosis = Static<typeof NetworkDiagnosis>;

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
  /** What deserves a look, a line each: images whose digest is not known. */
  warnings: Type.Optional(Type.Array(Type.String())),
  /** Number of the release: a new one, or the current one when nothing changed. */
  release: Type.Optional(Type.Integer()),
  /** Store revision that holds all of it: a watch from here sees what comes of it. */
  revision: Type.Integer(),
});
export type DeployResult = Static<typeof DeployResult>;

/** A release with the specs of its services, in the same order. */
export const ReleaseDetail = strictObject({ release: Release, services: Type.Array(ServiceSpec) });
export type ReleaseDetail = Static<typeof ReleaseDetail>;

export const PlannedTask = strictObject({
  service: Name,
  slot: Type.Optional(Type.Integer()),
  action: oneOf(['start', 'stop', 'replace', 'keep']),
  node: Type.Optional(Name),
  /** Node of the task that it takes the place of, when that is another one. */
  from: Type.Optional(Name),
  /** When it is its turn: tasks of one step are started or stopped together, those of the next when these have come up. */
  step: Type.Optional(Type.Integer({ minimum: 1 })),
  reason: Type.Optional(Type.String()),
});
export const PlanResult = strictObject({
  changes: DeployResult.properties.changes,
  tasks: Type.Array(PlannedTask),
  /** Why some tasks have no node, a line each. */
  unplaced: Type.Array(Type.String()),
  warnings: Type.Optional(Type.Array(Type.String())),
  /** Of the stack's spec and all of the above: a deploy that is given it is refused when it would do something else. */
  hash: Type.String(),
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

/** A certificate, key or signing request as text. */
export const Pem = Type.String({ maxLength: 65_536 });
export const JoinRequest = strictObject({
  token: Type.String({ maxLength: 256 }),
  csr: Pem,
  hostname: Type.String({ maxLength: 253 }),
  labels: Type.Optional(Labels),
});
export const Certificate = strictObject({ nodeId: Id, certificate: Pem, ca: Pem, renewAfterMs: DurationMs });
export type Certificate = Static<typeof Certificate>;
