import type { Database, Statement } from 'better-sqlite3';

interface Revisions {
  revision: number;
  compacted: number;
}

/** The store's counters and leases. Writes must run inside a transaction. */
export class RevisionTable {
  readonly #load: Statement<[], Revisions>;
  readonly #save: Statement<[Revisions]>;
  readonly #insertLease: Statement<[number]>;
  readonly #deleteLease: Statement<[number]>;
  readonly #leases: Statement<[], { id: number; ttl_ms: number }>;
  #now: Revisions = { revision: 0, compacted: 0 };

  constructor(database: Database) {
    this.#load = database.prepare('SELECT revision, compacted FROM revisions');
    this.#save = database.prepare('UPDATE revisions SET revision = :revision, compacted = :compacted');
    this.#insertLease = database.prepare('INSERT INTO leases (ttl_ms) VALUES (?)');
    this.#deleteLease = database.prepare('DELETE FROM leases WHERE id = ?');
    this.#leases = database.prepare('SELECT id, ttl_ms FROM leases ORDER BY id');
    this.reload();
  }

  get revision(): number {
    return this.#now.revision;
  }

  get compactedRevision(): number {
    return this.#now.compacted;
  }

  /** Reads the counters from the file, as after a transaction that was rolled back. */
  reload(): void {
    this.#now = this.#load.get() ?? this.#now;
  }

  /** @returns the next revision, which is now the newest. */
  advance(): number {
    this.#set({ ...this.#now, revision: this.#now.revision + 1 });
    return this.#now.revision;
  }

  compact(revision: number): void {
    this.#set({ ...this.#now, compacted: revision });
  }

  leases(): { id: string; ttlMs: number }[] {
    return this.#leases.all().map((row) => ({ id: String(row.id), ttlMs: row.ttl_ms }));
  }

  /** @returns the new lease's id. Ids are never used twice. */
  addLease(ttlMs: number): string {
    return String(this.#insertLease.run(Math.ceil(ttlMs)).lastInsertRowid);
  }

  /** @returns false when there is none. */
  removeLease(id: string): boolean {
    return this.#deleteLease.run(Number(id)).changes > 0;
  }

  #set(next: Revisions): void {
    this.#save.run({ ...next });
    this.#now = next;
  }
}
