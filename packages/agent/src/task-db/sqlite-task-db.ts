import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type FileContent, NODE_SET_KINDS, type NodeSetItems, type NodeSetKind } from '@tessera/api';
import Database from 'better-sqlite3';
import type { PulledImage } from '../images/plan-cleanup.js';
import type { TaskRecord } from '../model/task-record.js';
import type { SavedState, StateChange, TaskDb } from '../ports/task-db.js';
import { emptySet } from './memory-task-db.js';
import { seal, sealKey, unseal } from './seal.js';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS items (kind TEXT NOT NULL, id TEXT NOT NULL, sealed INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (kind, id));
  CREATE TABLE IF NOT EXISTS images (reference TEXT PRIMARY KEY, last_used_at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS records (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
`;
const SCHEMA_VERSION = 1;
const LOCK_WAIT_MS = 2_000;

interface ItemRow {
  kind: NodeSetKind;
  sealed: number;
  body: Buffer;
}

/** `agent.db` in the data directory. Desired sets are synced to the disk; statuses may be lost by a power cut, as containers then are. */
export class SqliteTaskDb implements TaskDb {
  readonly #db: Database.Database;
  readonly #key: Buffer;
  readonly #statements: ReturnType<typeof prepareAll>;

  /** @throws Error when another agent has the database open: two would fight over the same containers. */
  constructor(dataDir: string) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const file = join(dataDir, 'agent.db');
    this.#key = sealKey(join(dataDir, 'agent.key'));
    this.#db = new Database(file, { timeout: LOCK_WAIT_MS });
    chmodSync(file, 0o600);
    this.#open(file);
    this.#statements = prepareAll(this.#db);
  }

  load(): SavedState {
    const { seq, items, records } = this.#statements;
    const desired = emptySet();
    for (const row of items.all() as ItemRow[]) (desired[row.kind] as unknown[]).push(this.#readItem(row));
    return {
      seq: (seq.get() as { value: number } | undefined)?.value ?? 0,
      desired,
      records: (records.all() as { body: string }[]).map(({ body }) => JSON.parse(body) as TaskRecord),
    };
  }

  save(change: StateChange): void {
    this.#db.pragma(`synchronous = ${change.desired ? 'FULL' : 'NORMAL'}`);
    this.#db.transaction(() => this.#write(change))();
  }

  images(): PulledImage[] {
    return this.#statements.images.all() as PulledImage[];
  }

  close(): void {
    this.#db.close();
  }

  #write({ desired, records = [], forget = [], images = [], forgetImages = [] }: StateChange): void {
    const { setSeq, dropItem, dropItems, putRecord, dropRecord, putImage, dropImage } = this.#statements;
    if (desired) {
      setSeq.run(desired.seq);
      if (desired.remove === 'all') dropItems.run();
      for (const kind of NODE_SET_KINDS) {
        if (desired.remove !== 'all') for (const id of desired.remove[kind]) dropItem.run(kind, id);
        for (const item of desired.put[kind]) this.#putItem(kind, item);
      }
    }
    for (const record of records) putRecord.run(record.assignment.id, JSON.stringify(record));
    for (const id of forget) dropRecord.run(id);
    for (const { reference, lastUsedAt } of images) putImage.run(reference, lastUsedAt);
    for (const reference of forgetImages) dropImage.run(reference);
  }

  /** Secrets are sealed, so that a copy of the database alone gives none away. */
  #putItem(kind: NodeSetKind, item: NodeSetItems[NodeSetKind][number]): void {
    const text = JSON.stringify(item);
    const secret = kind === 'files' && (item as FileContent).secret;
    this.#statements.putItem.run(kind, item.id, secret ? 1 : 0, secret ? seal(this.#key, text) : Buffer.from(text));
  }

  #readItem({ sealed, body }: ItemRow): unknown {
    return JSON.parse(sealed ? unseal(this.#key, body) : body.toString('utf8'));
  }

  /** The lock is held until `close` or the process ends: also a second process of this agent is kept out. */
  #open(file: string): void {
    try {
      this.#db.pragma('locking_mode = EXCLUSIVE');
      this.#db.pragma('journal_mode = WAL');
      this.#checkVersion(file);
      this.#db.exec(SCHEMA);
    } catch (error) {
      this.#db.close();
      if ((error as { code?: string }).code !== 'SQLITE_BUSY') throw error;
      throw new Error(`${file} is in use by another agent: stop it first, or choose another --data-dir`, { cause: error });
    }
  }

  #checkVersion(file: string): void {
    const version = this.#db.pragma('user_version', { simple: true }) as number;
    if (version > SCHEMA_VERSION)
      throw new Error(`${file} was written by a newer agent (format ${version}, this one knows ${SCHEMA_VERSION}): upgrade the agent`);
    this.#db.pragma(`user_version = ${SCHEMA_VERSION}`);
  }
}

function prepareAll(db: Database.Database) {
  return {
    seq: db.prepare("SELECT value FROM meta WHERE key = 'seq'"),
    items: db.prepare('SELECT kind, sealed, body FROM items ORDER BY kind, id'),
    records: db.prepare('SELECT body FROM records ORDER BY number'),
    setSeq: db.prepare("INSERT INTO meta (key, value) VALUES ('seq', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"),
    putItem: db.prepare(
      'INSERT INTO items (kind, id, sealed, body) VALUES (?, ?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET sealed = excluded.sealed, body = excluded.body',
    ),
    dropItem: db.prepare('DELETE FROM items WHERE kind = ? AND id = ?'),
    dropItems: db.prepare('DELETE FROM items'),
    putRecord: db.prepare('INSERT INTO records (id, body) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body'),
    dropRecord: db.prepare('DELETE FROM records WHERE id = ?'),
    images: db.prepare('SELECT reference, last_used_at AS lastUsedAt FROM images ORDER BY reference'),
    putImage: db.prepare(
      'INSERT INTO images (reference, last_used_at) VALUES (?, ?) ON CONFLICT (reference) DO UPDATE SET last_used_at = excluded.last_used_at',
    ),
    dropImage: db.prepare('DELETE FROM images WHERE reference = ?'),
  };
}
