import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { KvError } from '../../../ports/kv.js';
import { APPLICATION_ID, SCHEMA, SCHEMA_VERSION } from './schema.js';

const DATABASE_FILE = 'tessera.db';
const CACHE_KIB = 32_768;

/**
 * Opens the store's file in `directory`, which is created (mode 0700) when it is missing, and keeps every other
 * process out of it until it is closed.
 * @throws KvError `unavailable` when another process has it or it cannot be opened, `invalid` when it is damaged,
 *   of a newer version or not Tessera's.
 */
export function openDatabase(directory: string): Database.Database {
  const path = join(directory, DATABASE_FILE);
  let database: Database.Database | undefined;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    database = new Database(path, { timeout: 0 });
    chmodSync(path, 0o600);
    prepare(database, path);
    return database;
  } catch (error) {
    database?.close();
    throw explain(error, path);
  }
}

function prepare(database: Database.Database, path: string): void {
  // Exclusive locks are never let go until close, and need no shared memory file beside the log.
  database.pragma('locking_mode = EXCLUSIVE');
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.pragma(`cache_size = -${CACHE_KIB}`);
  database.exec('BEGIN IMMEDIATE; COMMIT');
  if (isEmpty(database)) createSchema(database);
  checkOrigin(database, path);
  const damage = database.pragma('quick_check(1)', { simple: true });
  if (damage !== 'ok') throw damaged(path, String(damage).replaceAll('\n', ' '));
}

function isEmpty(database: Database.Database): boolean {
  return database.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() === 0;
}

function createSchema(database: Database.Database): void {
  database.transaction(() => {
    database.exec(SCHEMA);
    database.pragma(`application_id = ${APPLICATION_ID}`);
    database.pragma(`user_version = ${SCHEMA_VERSION}`);
  })();
}

function checkOrigin(database: Database.Database, path: string): void {
  if (database.pragma('application_id', { simple: true }) !== APPLICATION_ID) {
    throw new KvError('invalid', `${path} is a SQLite file of another program: give the store a directory of its own`);
  }
  const version = Number(database.pragma('user_version', { simple: true }));
  if (version > SCHEMA_VERSION) {
    throw new KvError(
      'invalid',
      `${path} was written by a newer Tessera (store version ${version}, this one knows up to ${SCHEMA_VERSION}): ` +
        'start that version, or restore a backup from before the upgrade',
    );
  }
}

function explain(error: unknown, path: string): KvError {
  if (error instanceof KvError) return error;
  const code = error instanceof Database.SqliteError ? error.code : '';
  const message = error instanceof Error ? error.message : String(error);
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    const cure = 'stop it, or give this one another directory; several managers need etcd';
    return new KvError('unavailable', `${path} is in use by another process: ${cure}`, { cause: error });
  }
  if (code.startsWith('SQLITE_CORRUPT') || code.startsWith('SQLITE_NOTADB')) return damaged(path, message, error);
  return new KvError('unavailable', `${path} cannot be opened: ${message}`, { cause: error });
}

function damaged(path: string, what: string, cause?: unknown): KvError {
  return new KvError('invalid', `${path} is damaged (${what}): move it away and restore a backup`, { cause });
}
