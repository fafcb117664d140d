/**
 * The key-value store that holds all cluster state: the small part of etcd v3 that Tessera needs.
 *
 * etcd's semantics are the law for every adapter, and one contract suite runs on all of them:
 * - the store has one revision, a counter that grows by one with every txn that changes something;
 * - every key remembers the revision that created it, the one that last changed it and how often it changed;
 * - a watch from revision R delivers every change with a revision of R or later, once, in order, in whole
 *   revisions, whatever happens to the connection; or it ends with `compacted` and the caller lists again;
 * - keys attached to a lease vanish when it ends.
 */
export interface Kv {
  /**
   * Whether it takes objects as values and gives the very same ones back, as a store in memory may. Nobody changes them after that.
   * Others write bytes, and take text alone.
   */
  readonly keepsObjects: boolean;
  /** Reads one key. `undefined` when it does not exist. Linearizable. */
  get(key: string): Promise<KvEntry | undefined>;
  /** Reads all keys that begin with `prefix`, in key order, at one revision. Linearizable. */
  range(prefix: string, options?: RangeOptions): Promise<KvRange>;
  /**
   * Atomically checks `compares` and, when all hold, applies `ops`.
   * A key may be written at most once in a txn and a txn carries at most {@link MAX_TXN_OPS} ops.
   * @throws KvError `unavailable` when nothing was written, `unknown` when the outcome cannot be known
   *   (read, then decide), `too-large` for an oversized value or txn.
   */
  txn(txn: KvTxn): Promise<KvTxnResult>;
  /** Watches all keys that begin with `prefix`. Never throws: trouble is handled inside or told by `onEnd`. */
  watch(prefix: string, options: WatchOptions): KvWatch;
  /** Grants a lease. @param ttlMs time to live in milliseconds; adapters may round it up to a whole second. */
  grantLease(ttlMs: number): Promise<KvLease>;
  /** Forgets history before `revision`; watches that need it end with `compacted`. */
  compact(revision: number): Promise<void>;
  /** Ends all watches and keep-alives and frees the connection or file. Leases live on until they expire. */
  close(): Promise<void>;
}

/** etcd's default limit is 128 operations a txn; staying under it leaves room for the leader's fence. */
export const MAX_TXN_OPS = 120;
/** A value, in UTF-8 bytes: the largest config that the API takes fits, in base64 with its labels. */
export const MAX_VALUE_BYTES = 1_400_000;
/**
 * All keys and values of one txn together, in UTF-8 bytes. etcd's default limit of 1.5 MiB (1,572,864 bytes) holds for the
 * whole request: what is left is for namespaces and framing, of which every op and compare takes some 50 bytes.
 */
export const MAX_TXN_BYTES = 1_450_000;

/** What a key holds: text, or an object where the store {@link Kv.keepsObjects keeps} them. */
export type KvValue = string | object;

/** @typeParam V `string` where there is nothing but text */
export interface KvEntry<V = KvValue> {
  key: string;
  value: V;
  /** Revision that created the key. */
  createRevision: number;
  /** Revision that last changed the key. */
  modRevision: number;
  /** 1 at creation, plus one with each change. */
  version: number;
  /** Lease that the key is attached to. */
  leaseId?: string;
}

export interface RangeOptions {
  /** Return at most so many entries; `more` tells that some were left. */
  limit?: number;
  /** Start at this key (inclusive) instead of at the prefix: for paging. */
  startKey?: string;
  /** Read as of this revision: for paging at one revision. @throws KvError `compacted`. */
  revision?: number;
}

export interface KvRange {
  entries: KvEntry[];
  /** The revision that was read: the newest, or the one asked for. A watch from `revision + 1` misses nothing. */
  revision: number;
  more: boolean;
}

/** A condition on a key. `modRevision: 0` means that the key does not exist. */
export type KvCompare = { key: string; modRevision: number } | { key: string; exists: boolean };

export type KvOp<V = KvValue> =
  | { type: 'put'; key: string; value: V; leaseId?: string }
  | { type: 'delete'; key: string }
  | { type: 'delete-prefix'; prefix: string };

export interface KvTxn<V = KvValue> {
  compares: KvCompare[];
  ops: KvOp<V>[];
}

export interface KvTxnResult {
  /** False: a compare did not hold and nothing was written. */
  succeeded: boolean;
  /** The store's revision after the txn; for a txn that wrote, the revision of its writes. */
  revision: number;
}

export type KvEvent<V = KvValue> = { type: 'put'; entry: KvEntry<V> } | { type: 'delete'; key: string; modRevision: number };

export interface WatchOptions {
  /** First revision to deliver. */
  fromRevision: number;
  /** All events of one or more whole revisions, in order. Called never concurrently, never after `cancel` returned. */
  onEvents(events: readonly KvEvent[], revision: number): void;
  /** The watch is over: its revision was compacted (list again), or the store was closed. */
  onEnd(reason: 'compacted' | 'closed'): void;
}

export interface KvWatch {
  cancel(): void;
}

export interface KvLease {
  readonly id: string;
  readonly ttlMs: number;
  /**
   * Settles when the lease can no longer be trusted: it expired, or it was not renewed for its TTL less a safety
   * margin, so that its holder stops before anybody else may start.
   */
  readonly lost: Promise<void>;
  /** Ends the lease and deletes its keys. */
  revoke(): Promise<void>;
}

export type KvErrorCode = 'unavailable' | 'unknown' | 'compacted' | 'too-large' | 'lease-not-found' | 'closed' | 'invalid';

export class KvError extends Error {
  override readonly name = 'KvError';
  constructor(
    readonly code: KvErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
