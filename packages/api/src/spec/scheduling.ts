import { type Static, Type } from 'typebox';
import { Bytes, Labels, Name, NanoCpus, oneOf, strictObject } from './common.js';

/** Volumes, and images, that an agent tells of. */
export const MAX_REPORTED = 1024;
/** Of one kind on one node. */
export const MAX_RESOURCE_IDS = 256;
const ResourceKind = Type.String({ minLength: 1, maxLength: 128 });
const ResourceIds = Type.Array(Type.String({ pattern: '^[a-zA-Z0-9_.:/-]{1,128}$' }), { maxItems: MAX_RESOURCE_IDS });

/** A generic resource as a node offers it: so many of it or, with `ids`, these particular ones. */
export const OfferedResource = strictObject({
  kind: ResourceKind,
  count: Type.Integer({ minimum: 0 }),
  ids: Type.Optional(ResourceIds),
});
export type OfferedResource = Static<typeof OfferedResource>;

/** Particular ones that a task was given: no other task of its node has them. */
export const GivenResource = strictObject({ kind: ResourceKind, ids: ResourceIds });
export type GivenResource = Static<typeof GivenResource>;

/** What a node keeps for itself. */
export const SystemReserve = strictObject({ nanoCpus: NanoCpus, memoryBytes: Bytes });
export type SystemReserve = Static<typeof SystemReserve>;

const TaintKey = Type.String({ pattern: '^[a-zA-Z0-9]([a-zA-Z0-9_./-]{0,126}[a-zA-Z0-9])?$', description: 'Such as `dedicated`' });
const TaintValue = Type.String({ pattern: '^[a-zA-Z0-9_.-]{0,128}$' });
/** Of one node. */
export const MAX_TAINTS = 64;
export const TAINT_EFFECTS = ['no-schedule', 'prefer-no-schedule', 'no-execute'] as const;
/** `no-schedule`: no new tasks. `prefer-no-schedule`: only when no other node is left. `no-execute`: also moves away those that run there. */
const TaintEffect = oneOf([...TAINT_EFFECTS] as [...typeof TAINT_EFFECTS]);

/** What keeps tasks off a node unless they tolerate it. Key and effect together are unique on a node. */
export const Taint = strictObject({ key: TaintKey, value: TaintValue, effect: TaintEffect });
export type Taint = Static<typeof Taint>;

/** A taint that tasks put up with. Absent parts fit anything. */
export const Toleration = strictObject({
  key: Type.Optional(TaintKey),
  value: Type.Optional(TaintValue),
  effect: Type.Optional(TaintEffect),
});
export type Toleration = Static<typeof Toleration>;

const Weight = Type.Integer({ minimum: 1, maximum: 100, description: 'Wished for, so much; absent: it must hold' });
/** What says which nodes are one place: an attribute of nodes. */
export const DEFAULT_TOPOLOGY = 'node.id';

/** Nearness to tasks of other services, or distance from them. Names a service, labels, or both. */
export const AffinityTerm = strictObject({
  /** Full name of a service. */
  service: Type.Optional(Name),
  /** Labels that the other service has, all of them. */
  labels: Type.Optional(Labels),
  /** Attribute of nodes: those with the same value are one place. */
  topology: Type.String({ minLength: 1, maxLength: 256 }),
  weight: Type.Optional(Weight),
});
export type AffinityTerm = Static<typeof AffinityTerm>;

const AffinityTerms = Type.Array(AffinityTerm, { maxItems: 32 });
export const Affinity = strictObject({
  /** Places where such tasks are. */
  near: AffinityTerms,
  /** Places where no such tasks are. One that must hold also keeps such tasks from coming to where this service's are. */
  apart: AffinityTerms,
  /** Nodes that are wished for, in the grammar of constraints. */
  nodes: Type.Array(strictObject({ constraint: Type.String({ minLength: 1, maxLength: 1024 }), weight: Weight }), { maxItems: 32 }),
});
export type Affinity = Static<typeof Affinity>;

/** Bound of the absolute value of a priority. */
export const MAX_PRIORITY = 1000;
export const Priority = Type.Integer({ minimum: -MAX_PRIORITY, maximum: MAX_PRIORITY });
