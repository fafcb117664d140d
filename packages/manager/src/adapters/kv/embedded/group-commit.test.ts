import assert from 'node:assert/strict';
import Database from 'better-sqlite3';
import { KvError } from '../../../ports/kv.js';
import { GroupCommit } from './group-commit.js';

describe('GroupCommit', () => {
  let database: Database.Database;
  let commits: number;
  let rollbacks: number;
  let group: GroupCommit;
  beforeEach(() => {
    database = new Database(':memory:');
    database.pragma('foreign_keys = ON');
    database.exec(`
      CREATE TABLE numbers (number INTEGER PRIMARY KEY, filler BLOB);
      CREATE TABLE links (number INTEGER REFERENCES numbers DEFERRABLE INITIALLY DEFERRED);
    `);
    commits = 0;
    rollbacks = 0;
    group = new GroupCommit(
      database,
      () => commits++,
      () => rollbacks++,
    );
  });
  afterEach(() => database.close());

  const insert = (number: number, fillerBytes = 0) =>
    group.run(() => {
      database.prepare('INSERT INTO numbers VALUES (?, zeroblob(?))').run(number, fillerBytes);
      return number;
    });
  const count = () => database.prepare('SELECT count(*) FROM numbers').pluck().get();
  const codes = async (works: Promise<unknown>[]): Promise<unknown[]> =>
    (await Promise.allSettled(works)).map((one) => (one.status === 'fulfilled' ? one.value : one.reason.code));

  it('carries out what waits in one turn in one transaction, in order', async () => {
    assert.deepEqual(await codes([insert(3), insert(1), insert(2)]), [3, 1, 2]);
    assert.deepEqual([commits, count()], [1, 3]);
  });

  it('lets a job fail alone that refuses its work', async () => {
    const refused = group.run(() => {
      throw new KvError('lease-not-found', 'gone');
    });
    assert.deepEqual(await codes([insert(1), refused, insert(2)]), [1, 'lease-not-found', 2]);
    assert.equal(count(), 2);
  });

  it('writes nothing at all when the disk is full, and says so to everybody', async () => {
    const pages = Number(database.pragma('page_count', { simple: true }));
    database.pragma(`max_page_count = ${pages + 2}`);
    assert.deepEqual(await codes([insert(1), insert(2, 1_000_000), insert(3)]), ['unavailable', 'unavailable', 'unavailable']);
    assert.deepEqual([commits, rollbacks, count()], [0, 1, 0]);
    assert.equal(await insert(4), 4);
  });

  it('calls the outcome unknown when the commit itself fails', async () => {
    const dangling = group.run(() => database.prepare('INSERT INTO links VALUES (99)').run());
    assert.deepEqual(await codes([insert(1), dangling]), ['unknown', 'unknown']);
    assert.deepEqual([commits, rollbacks], [0, 1]);
    assert.equal(await insert(2), 2);
  });

  it('carries out everything that waits when it is drained', async () => {
    const works = Array.from({ length: 1200 }, (_, index) => insert(index));
    group.drain();
    assert.equal(count(), 1200);
    await Promise.all(works);
  });
});
