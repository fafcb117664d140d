import type { Clock } from '@tessera/kit';
import {
  type KvEntry,
  KvError,
  type KvEvent,
  type KvRange,
  type KvTxn,
  type KvTxnResult,
  type RangeOptions,
  type WatchOptions,
} from '../../../ports/kv.js';
import { LeaseTable } from '../engine/lease-table.js';
import { dueCompaction } from '../engine/retention.js';
import { checkCompaction, checkReadRevision } from '../engine/revision-rules.js';
import { deleteEvent, planTxn } from '../engine/txn-planner.js';
import { type Commit, type History, type HubWatch, WatchHub } from '../engine/watch-hub.js';
import { KeyVersions } from './key-versions.js';
import { type Backend, MemoryKv } from './memory-kv.js';
import { toEntry, toEvent, type Version } from './version.js';

/** What became of keys at one revision. */
interface Past {
  readonly revision: number;
  readonly versions: readonly Version[];
}

/**
 * A store in this process's memory, for tests and the simulator: the counterpart of an etcd cluster, to which several
 * managers connect.
 *
 * It is deterministic: a call takes effect at once, and the watches see a commit in the microtask that the commit
 * queues, which runs before the caller of `txn` gets its answer. Leases run under the given clock.
 *
 * It takes text as every store does, so that what others could not write shows here too; and objects as they are when it is told to.
 */
export class MemoryStore implements Backend, History {
  readonly keepsObjects: boolean;
  readonly #clock: Clock;
  readonly #keys = new KeyVersions();
  readonly #leases: LeaseTable;
  readonly #hub: WatchHub;
  #past: Past[] = [];
  #leaseCount = 0;
  #revision = 1;
  #compactedRevision = 0;

  constructor(options: { clock: Clock; keepsObjects?: boolean }) {
    this.#clock = options.clock;
    this.keepsObjects = options.keepsObjects ?? false;
    this.#leases = new LeaseTable(options.clock, (id) => this.#deleteKeysOf(id));
    this.#hub = new WatchHub(this, queueMicrotask);
  }

  /** A connection of its own: with its own watches and leases, and with a line that can be cut. */
  connect(): MemoryKv {
    return new MemoryKv(this, this.#clock);
  }

  get revision(): number {
    return this.#revision;
  }

  get compactedRevision(): number {
    return this.#compactedRevision;
  }

  commitsFrom(fromRevision: number, limit: number): readonly Commit[] {
    const oldest = this.#past[0];
    if (!oldest) return [];
    // Each revision is one commit, so its place follows from its number.
    const index = Math.max(0, fromRevision - oldest.revision);
    return this.#past.slice(index, index + limit).map(({ revision, versions }) => ({ revision, events: versions.map(toEvent) }));
  }

  get(key: string): KvEntry | undefined {
    return toEntry(this.#keys.get(key));
  }

  range(prefix: string, options: RangeOptions): KvRange {
    const revision = options.revision ?? this.#revision;
    checkReadRevision(revision, this);
    const limit = options.limit ?? Number.POSITIVE_INFINITY;
    const entries: KvEntry[] = [];
    for (const entry of this.#keys.entriesAt(prefix, options.startKey, revision)) {
      if (entries.length === limit) return { entries, revision, more: true };
      entries.push(entry);
    }
    return { entries, revision, more: false };
  }

  txn(txn: KvTxn): KvTxnResult {
    const events = planTxn(this.#keys, txn, this.#revision + 1);
    if (!events) return { succeeded: false, revision: this.#revision };
    for (const op of txn.ops)
      if (op.type === 'put' && op.leaseId !== undefined && !this.#leases.has(op.leaseId)) throw leaseNotFound(op.leaseId);
    this.#commit(events);
    return { succeeded: true, revision: this.#revision };
  }

  watch(prefix: string, options: WatchOptions): HubWatch {
    return this.#hub.watch(prefix, options);
  }

  grantLease(ttlMs: number): string {
    const id = String(++this.#leaseCount);
    this.#leases.add(id, ttlMs);
    return id;
  }

  renewLease(id: string): boolean {
    return this.#leases.renew(id);
  }

  revokeLease(id: string): void {
    if (!this.#leases.remove(id)) throw leaseNotFound(id);
    this.#deleteKeysOf(id);
  }

  compact(revision: number): void {
    checkCompaction(revision, this);
    this.#compactTo(revision);
  }

  #commit(events: readonly KvEvent[]): void {
    if (events.length === 0) return;
    this.#revision++;
    this.#past.push({ revision: this.#revision, versions: events.map((event) => this.#keys.apply(event)) });
    const due = dueCompaction(this.#revision, this.#compactedRevision);
    if (due !== undefined) this.#compactTo(due);
    this.#hub.changed();
  }

  #compactTo(revision: number): void {
    this.#compactedRevision = revision;
    const past = this.#past.filter((commit) => commit.revision <= revision);
    this.#keys.compact(
      revision,
      past.flatMap(({ versions }) => versions),
    );
    this.#past = this.#past.filter((commit) => commit.revision >= revision);
    this.#hub.changed();
  }

  #deleteKeysOf(leaseId: string): void {
    this.#commit(this.#keys.keysOfLease(leaseId).map((key) => deleteEvent(key, this.#revision + 1)));
  }
}

function leaseNotFound(id: string): KvError {
  return new KvError('lease-not-found', `lease ${id} has ended`);
}
