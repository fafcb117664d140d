import type { Database, Statement } from 'better-sqlite3';
import type { KvEntry, KvEvent } from '../../../ports/kv.js';
import { firstKey } from '../engine/key-order.js';
import type { CurrentState } from '../engine/txn-planner.js';
import type { Commit } from '../engine/watch-hub.js';

interface Row {
  revision: number;
  key: string;
  /** NULL: the key was deleted. */
  value: string | null;
  create_revision: number;
  version: number;
  lease_id: number | null;
}

const COLUMNS = 'revision, key, value, create_revision, version, lease_id';

/** The statements on the table `versions`. Writes must run inside a transaction. */
export class VersionTable implements CurrentState {
  readonly #get: Statement<[string], Row>;
  readonly #current: Statement<[string], Row>;
  readonly #at: Statement<[{ start: string; revision: number }], Row>;
  readonly #since: Statement<[{ from: number; limit: number }], Row>;
  readonly #ofLease: Statement<[number], string>;
  readonly #supersede: Statement<[number, string]>;
  readonly #insert: Statement<[Row & { place: number; superseded: number | null }]>;
  readonly #forget: Statement<[{ revision: number }]>;

  constructor(database: Database) {
    this.#get = database.prepare(`SELECT ${COLUMNS} FROM versions WHERE key = ? AND superseded IS NULL`);
    this.#current = database.prepare(`SELECT ${COLUMNS} FROM versions WHERE key >= ? AND superseded IS NULL ORDER BY key`);
    this.#at = database.prepare(
      `SELECT ${COLUMNS} FROM versions WHERE key >= :start AND revision <= :revision
       AND (superseded IS NULL OR superseded > :revision) ORDER BY key`,
    );
    this.#since = database.prepare(
      `SELECT ${COLUMNS} FROM versions WHERE revision >= :from AND revision < :from + :limit ORDER BY revision, place`,
    );
    this.#ofLease = database
      .prepare<[number], string>('SELECT key FROM versions WHERE lease_id = ? AND superseded IS NULL ORDER BY key')
      .pluck();
    this.#supersede = database.prepare('UPDATE versions SET superseded = ? WHERE key = ? AND superseded IS NULL');
    this.#insert = database.prepare(
      `INSERT INTO versions (${COLUMNS}, place, superseded)
       VALUES (:revision, :key, :value, :create_revision, :version, :lease_id, :place, :superseded)`,
    );
    this.#forget = database.prepare(
      'DELETE FROM versions WHERE superseded IS NOT NULL AND superseded <= :revision AND revision < :revision',
    );
  }

  get(key: string): KvEntry<string> | undefined {
    const row = this.#get.get(key);
    return row && toEntry(row);
  }

  keysWithPrefix(prefix: string): readonly string[] {
    return this.entries(prefix, undefined, Number.POSITIVE_INFINITY).map((entry) => entry.key);
  }

  /** Up to `limit` entries of `prefix` from `startKey` on, in key order; at `revision`, or the newest. */
  entries(prefix: string, startKey: string | undefined, limit: number, revision?: number): KvEntry<string>[] {
    const start = firstKey(prefix, startKey);
    const rows = revision === undefined ? this.#current.iterate(start) : this.#at.iterate({ start, revision });
    const entries: KvEntry<string>[] = [];
    for (const row of rows) {
      if (!row.key.startsWith(prefix) || entries.length === limit) break;
      entries.push(toEntry(row));
    }
    return entries;
  }

  /** The commits of the `limit` revisions that begin with `from`. */
  commitsFrom(from: number, limit: number): Commit<string>[] {
    const commits: { revision: number; events: KvEvent<string>[] }[] = [];
    for (const row of this.#since.iterate({ from, limit })) {
      const last = commits.at(-1);
      if (last?.revision === row.revision) last.events.push(toEvent(row));
      else commits.push({ revision: row.revision, events: [toEvent(row)] });
    }
    return commits;
  }

  keysOfLease(leaseId: string): string[] {
    return this.#ofLease.all(Number(leaseId));
  }

  write(commit: Commit<string>): void {
    commit.events.forEach((event, place) => {
      const row = toRow(event, commit.revision);
      if (row.version !== 1) this.#supersede.run(commit.revision, row.key);
      this.#insert.run({ ...row, place, superseded: event.type === 'put' ? null : commit.revision });
    });
  }

  /** Forgets what only reads and watches of a revision before `revision` could see. */
  compact(revision: number): void {
    this.#forget.run({ revision });
  }
}

function toEntry(row: Row): KvEntry<string> {
  return {
    key: row.key,
    value: row.value ?? '',
    createRevision: row.create_revision,
    modRevision: row.revision,
    version: row.version,
    ...(row.lease_id !== null && { leaseId: String(row.lease_id) }),
  };
}

function toEvent(row: Row): KvEvent<string> {
  if (row.value === null) return { type: 'delete', key: row.key, modRevision: row.revision };
  return { type: 'put', entry: toEntry(row) };
}

function toRow(event: KvEvent<string>, revision: number): Row {
  if (event.type === 'delete') {
    return { revision, key: event.key, value: null, create_revision: 0, version: 0, lease_id: null };
  }
  const { key, value, createRevision, version, leaseId } = event.entry;
  const lease_id = leaseId === undefined ? null : Number(leaseId);
  return { revision, key, value, create_revision: createRevision, version, lease_id };
}
