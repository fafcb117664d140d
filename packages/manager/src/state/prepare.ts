import { ApiError, type Kind, type ObjectChange, type ObjectTypes } from '@tessera/api';
import { type ClusterView, isNamedKind, type NamedKind, nameOf } from '../model/view.js';
import { type KvCompare, type KvOp, type KvTxn, MAX_TXN_BYTES, MAX_TXN_OPS, MAX_VALUE_BYTES } from '../ports/kv.js';
import type { StoreChange } from '../ports/store.js';
import { type Codec, NO_REVISION } from './codec.js';
import type { Keys } from './keys.js';

/** A change as ops and compares of the store. */
export interface PreparedChange {
  change: StoreChange;
  /** Of the object. */
  key: string;
  /** Writes the object. */
  op: Extract<KvOp, { key: string }>;
  compare: KvCompare | undefined;
  /** What it needs of another object. */
  guard: { key: string; modRevision: number } | undefined;
  names: NameChange | undefined;
  /** Keys and values together, in UTF-8 bytes; objects have none. */
  bytes: number;
  /** The object as it will be stored, but for its revision. */
  object: ObjectTypes[Kind] | undefined;
  /** Whether the view was told of it. */
  isTold: boolean;
}

/** What becomes of names with a change. */
interface NameChange {
  compares: KvCompare[];
  ops: Array<Extract<KvOp, { key: string }>>;
  /** The name that a new object claims. */
  claims?: { kind: NamedKind; name: string };
}

export interface PrepareContext {
  keys: Keys;
  codec: Codec;
  view: ClusterView;
  /** For `updatedAt`: milliseconds since 1970. */
  now: number;
}

/** @throws ApiError `too-large` when the store does not take a value of this size. */
export function prepare(change: StoreChange, context: PrepareContext): PreparedChange {
  return change.type === 'put' ? preparePut(change, context) : prepareDelete(change, context);
}

/** All changes as one txn. @throws ApiError `too-large` when the store does not take so much at once. */
export function toTxn(changes: readonly PreparedChange[], fence: readonly KvCompare[]): KvTxn {
  const txn = { compares: [...fence, ...guardsOf(changes)], ops: [] as KvOp[] };
  const freed = new Set<string>();
  let bytes = 0;
  for (const prepared of changes) {
    if (prepared.compare) txn.compares.push(prepared.compare);
    txn.ops.push(prepared.op);
    if (prepared.names) addNames(txn, prepared.names, freed);
    bytes += prepared.bytes;
  }
  if (freed.size > 0) moveNames(txn, freed);
  if (txn.ops.length > MAX_TXN_OPS || txn.compares.length > MAX_TXN_OPS || bytes > MAX_TXN_BYTES) {
    throw new ApiError('too-large', `${changes.length} changes of ${bytes} bytes are more than the store takes at once`);
  }
  return txn;
}

function addNames(txn: KvTxn, { compares, ops }: NameChange, freed: Set<string>): void {
  for (const compare of compares) txn.compares.push(compare);
  for (const op of ops) {
    txn.ops.push(op);
    if (op.type === 'delete') freed.add(op.key);
  }
}

/** How many ops it is. */
export function opCount({ names }: PreparedChange): number {
  return 1 + (names?.ops.length ?? 0);
}

/** All ops of changes. */
export function* opsOf(changes: Iterable<PreparedChange>): Generator<PreparedChange['op'], undefined> {
  for (const { op, names } of changes) {
    yield op;
    if (names) yield* names.ops;
  }
}

/** Each once: many changes may be guarded by the same object. */
function guardsOf(changes: readonly PreparedChange[]): KvCompare[] {
  const guards = new Map<string, KvCompare>();
  for (const { guard } of changes) if (guard) guards.set(`${guard.key}@${guard.modRevision}`, guard);
  return [...guards.values()];
}

/** Of a name that one object gives up and another takes in the same txn, only the taking counts. */
function moveNames(txn: KvTxn, freed: ReadonlySet<string>): void {
  const ops = new Map<string, KvOp>();
  for (const op of txn.ops) if (op.type !== 'delete-prefix' && (op.type === 'put' || !ops.has(op.key))) ops.set(op.key, op);
  txn.ops = [...ops.values()];
  txn.compares = txn.compares.filter((compare) => !('exists' in compare && freed.has(compare.key)));
}

/** What the view is told of a change that was committed at `revision`. To be asked once: the object is handed out, not copied. */
export function toObjectChange(prepared: PreparedChange, revision: number): ObjectChange {
  const { change, object } = prepared;
  prepared.isTold = true;
  const id = change.type === 'put' ? change.object.id : change.id;
  if (object) object.revision = revision;
  return { kind: change.kind, id, object, revision } as ObjectChange;
}

function preparePut(change: Extract<StoreChange, { type: 'put' }>, { keys, codec, view, now }: PrepareContext): PreparedChange {
  const { kind, expect, guard, leaseId } = change;
  const object = ownOf(change, now);
  const key = keys.object(kind, object.id);
  const value = codec.encode(kind, object);
  const bytes = typeof value === 'string' ? Buffer.byteLength(value) : 0;
  if (bytes > MAX_VALUE_BYTES) throw tooLarge(kind, object, bytes);
  const names = isNamedKind(kind) ? claimName(kind, object as ObjectTypes[NamedKind], { keys, view }) : undefined;
  return {
    change,
    key,
    op: leaseId === undefined ? { type: 'put', key, value } : { type: 'put', key, value, leaseId },
    compare: compareFor(key, expect),
    guard: guard && { key: keys.object(guard.kind, guard.id), modRevision: guard.revision },
    names,
    bytes: bytes + key.length + (names?.claims ? names.claims.name.length + object.id.length : 0),
    object,
    isTold: false,
  };
}

/** The object itself, if it is the store's own; otherwise a copy that nobody else has. */
function ownOf(change: Extract<StoreChange, { type: 'put' }>, updatedAt: number): ObjectTypes[Kind] {
  if (change.isOwn) {
    change.object.revision = NO_REVISION;
    change.object.updatedAt = updatedAt;
    return change.object;
  }
  // Where objects of one form are copied V8 is fast, and most are tasks: so they have a place of their own.
  if (change.kind === 'tasks') return { ...change.object, revision: NO_REVISION, updatedAt };
  return { ...change.object, revision: NO_REVISION, updatedAt };
}

function claimName(
  kind: NamedKind,
  object: ObjectTypes[NamedKind],
  { keys, view }: Pick<PrepareContext, 'keys' | 'view'>,
): NameChange | undefined {
  const name = nameOf(kind, object);
  const before = view.get(kind, object.id);
  const nameBefore = before && nameOf(kind, before);
  if (nameBefore === name) return undefined;
  const key = keys.name(kind, name);
  const ops: NameChange['ops'] = [{ type: 'put', key, value: object.id }];
  if (nameBefore !== undefined) ops.push({ type: 'delete', key: keys.name(kind, nameBefore) });
  return { compares: [{ key, exists: false }], ops, claims: { kind, name } };
}

function prepareDelete(change: Extract<StoreChange, { type: 'delete' }>, { keys, view }: PrepareContext): PreparedChange {
  const { kind, id, expect } = change;
  const key = keys.object(kind, id);
  const before = isNamedKind(kind) ? view.get(kind, id) : undefined;
  const name = before && isNamedKind(kind) ? keys.name(kind, nameOf(kind, before)) : undefined;
  return {
    change,
    key,
    op: { type: 'delete', key },
    compare: compareFor(key, expect),
    guard: undefined,
    names: name === undefined ? undefined : { compares: [], ops: [{ type: 'delete', key: name }] },
    bytes: key.length * 2,
    object: undefined,
    isTold: false,
  };
}

function compareFor(key: string, expect: StoreChange['expect']): KvCompare | undefined {
  if (expect === 'any') return undefined;
  return expect === 'absent' ? { key, exists: false } : { key, modRevision: expect.revision };
}

function tooLarge(kind: Kind, object: ObjectTypes[Kind], bytes: number): ApiError {
  const name = isNamedKind(kind) ? nameOf(kind, object as ObjectTypes[NamedKind]) : object.id;
  return new ApiError('too-large', `${kind}/${name} takes ${bytes} bytes in the store, and ${MAX_VALUE_BYTES} is the most`, {
    cure: 'make it smaller: large files belong into an image or a volume',
  });
}
