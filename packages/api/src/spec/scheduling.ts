import { type Static, Type } from 'typebox';
import { Bytes, NanoCpus, oneOf, strictObject } from './common.js';

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
export const TAINT_EFFECTS = ['no-schedule', 'no-execute'] as const;
/** `no-schedule`: no new tasks. `no-execute`: also moves away those that run there. */
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
