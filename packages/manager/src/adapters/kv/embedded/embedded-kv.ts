import type { Clock, Log } from '@tessera/kit';
import type { Database } from 'better-sqlite3';
import {
  type Kv,
  type KvEntry,
  KvError,
  type KvEvent,
  type KvLease,
  type KvRange,
  type KvTxn,
  type KvTxnResult,
  type KvWatch,
  type RangeOptions,
  type WatchOptions,
} from '../../../ports/kv.js';
import { LeaseKeeper } from '../engine/lease-keeper.js';
import { LeaseTable } from '../engine/lease-table.js';
import { dueCompaction } from '../engine/retention.js';
import { checkCompaction, checkReadRevision } from '../engine/revision-rules.js';
import { deleteEvent, planTxn } from '../engine/txn-planner.js';
import { checkKey, checkRange, checkTextTxn, checkTtl } from '../engine/txn-rules.js';
import { type Commit, type History, WatchHub } from '../engine/watch-hub.js';
import { openDatabase } from './database.js';
import { GroupCommit } from './group-commit.js';
import { RevisionTable } from './revision-table.js';
import { VersionTable } from './version-table.js';

export interface EmbeddedKvOptions {
  /** Directory of the store's file. */
  directory: string;
  clock: Clock;
  log: Log;
}

/**
 * The store on one machine: a SQLite file that is on the disk before a write is answered. One process has it at a time.
 *
 * The newest 10,000 revisions are kept (see `retention.ts`). Leases outlive the process: when the file is opened again,
 * each has its whole time to live once more, and nobody renews it.
 */
export class EmbeddedKv implements Kv, History<string> {
  readonly keepsObjects = false;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #database: Database;
  readonly #versions: VersionTable;
  readonly #revisions: RevisionTable;
  readonly #writes: GroupCommit;
  readonly #hub: WatchHub;
  readonly #leases: LeaseTable;
  readonly #keepers = new Set<LeaseKeeper>();
  #closed = false;

  /** @throws KvError as `openDatabase` does. */
  constructor(options: EmbeddedKvOptions) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#database = openDatabase(options.directory);
    this.#versions = new VersionTable(this.#database);
    this.#revisions = new RevisionTable(this.#database);
    this.#hub = new WatchHub(this, setImmediate);
    this.#writes = new GroupCommit(
      this.#database,
      () => this.#hub.changed(),
      () => this.#revisions.reload(),
    );
    this.#leases = new LeaseTable(options.clock, (id, ttlMs) => this.#expire(id, ttlMs));
    for (const { id, ttlMs } of this.#revisions.leases()) this.#leases.add(id, ttlMs);
  }

  get revision(): number {
    return this.#revisions.revision;
  }

  get compactedRevision(): number {
    return this.#revisions.compactedRevision;
  }

  commitsFrom(fromRevision: number, limit: number): readonly Commit<string>[] {
    return this.#versions.commitsFrom(fromRevision, limit);
  }

  async get(key: string): Promise<KvEntry | undefined> {
    this.#checkOpen();
    checkKey(key);
    return this.#reading(() => this.#versions.get(key));
  }

  async range(prefix: string, options: RangeOptions = {}): Promise<KvRange> {
    this.#checkOpen();
    checkRange(prefix, options);
    const revision = options.revision ?? this.revision;
    checkReadRevision(revision, this);
    const limit = options.limit ?? Number.POSITIVE_INFINITY;
    const entries = this.#reading(() => this.#versions.entries(prefix, options.startKey, limit + 1, options.revision));
    return { entries: entries.slice(0, limit), revision, more: entries.length > limit };
  }

  async txn(txn: KvTxn): Promise<KvTxnResult> {
    this.#checkOpen();
    checkTextTxn(txn);
    return this.#writes.run(() => {
      const events = planTxn(this.#versions, txn, this.revision + 1);
      if (events) this.#write(events);
      return { succeeded: events !== undefined, revision: this.revision };
    });
  }

  watch(prefix: string, options: WatchOptions): KvWatch {
    return this.#hub.watch(prefix, options);
  }

  async grantLease(ttlMs: number): Promise<KvLease> {
    this.#checkOpen();
    checkTtl(ttlMs);
    const grantedAtMs = this.#clock.monotonic();
    const id = await this.#writes.run(() => this.#revisions.addLease(ttlMs));
    this.#checkOpen();
    this.#leases.add(id, ttlMs);
    const keeper = new LeaseKeeper({
      id,
      ttlMs,
      clock: this.#clock,
      grantedAtMs,
      renew: async () => this.#leases.renew(id),
      revoke: () => this.#revoke(id),
      onStop: () => this.#keepers.delete(keeper),
    });
    this.#keepers.add(keeper);
    return keeper;
  }

  async compact(revision: number): Promise<void> {
    this.#checkOpen();
    await this.#writes.run(() => {
      checkCompaction(revision, this);
      this.#compactTo(revision);
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const keeper of [...this.#keepers]) keeper.stop();
    this.#leases.close();
    this.#writes.drain();
    this.#hub.close();
    this.#database.close();
  }

  #reading<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new KvError('unavailable', `${this.#database.name} cannot be read: ${message}`, { cause: error });
    }
  }

  #write(events: readonly KvEvent<string>[]): void {
    for (const event of events) {
      const leaseId = event.type === 'put' ? event.entry.leaseId : undefined;
      if (leaseId !== undefined && !this.#leases.has(leaseId)) {
        throw new KvError('lease-not-found', `lease ${leaseId} has ended`);
      }
    }
    if (events.length === 0) return;
    this.#versions.write({ revision: this.#revisions.advance(), events });
    const due = dueCompaction(this.revision, this.compactedRevision);
    if (due !== undefined) this.#compactTo(due);
  }

  #compactTo(revision: number): void {
    this.#versions.compact(revision);
    this.#revisions.compact(revision);
  }

  async #revoke(id: string): Promise<void> {
    this.#checkOpen();
    this.#leases.remove(id);
    await this.#writes.run(() => {
      if (!this.#revisions.removeLease(id)) throw new KvError('lease-not-found', `lease ${id} has ended`);
      this.#write(this.#versions.keysOfLease(id).map((key) => deleteEvent(key, this.revision + 1)));
    });
  }

  /** A lease whose end cannot be written must not be forgotten: it gets its time again, then the next attempt. */
  #expire(id: string, ttlMs: number): void {
    this.#revoke(id).catch((error: unknown) => {
      this.#log.error({ error, leaseId: id }, 'the end of a lease could not be written');
      if (!this.#closed) this.#leases.add(id, ttlMs);
    });
  }

  #checkOpen(): void {
    if (this.#closed) throw new KvError('closed', 'the store is closed');
  }
}
