import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TaskRecord } from '@tessera/agent/model/task-record';
import type { TaskDb } from '@tessera/agent/ports/task-db';
import { MemoryTaskDb } from '@tessera/agent/task-db/memory-task-db';
import { SqliteTaskDb } from '@tessera/agent/task-db/sqlite-task-db';
import { defaultTemplate, type FileContent, type NodeSetItems, type TaskAssignment } from '@tessera/api';

const EMPTY: NodeSetItems = { tasks: [], ended: [], networks: [], services: [], files: [] };
const NONE = { tasks: [], ended: [], networks: [], services: [], files: [] };
const SECRET: FileContent = { id: 'f1', secret: true, hash: 'h', data: Buffer.from('top-secret-value').toString('base64') };

function task(id: string): TaskAssignment {
  return {
    id,
    serviceId: 's1',
    serviceName: 'web',
    serviceLabels: {},
    specRevision: 1,
    desired: 'running',
    restarts: [],
    template: defaultTemplate('x'),
    networks: [],
    hostPorts: [],
    configIds: {},
    secretIds: {},
  };
}

function record(id: string): TaskRecord {
  const status = { state: 'accepted' as const, at: 1, message: 'accepted' };
  return { assignment: task(id), status, wanted: true, known: true, restartSettled: false, confirmed: false };
}

/** A database that can be closed and opened again. */
interface Subject {
  open(): Promise<TaskDb>;
  dispose(): Promise<void>;
}

function contract(what: string, make: () => Promise<Subject>): void {
  describe(`${what} as a task database`, () => {
    let subject: Subject;
    let db: TaskDb;
    beforeEach(async () => {
      subject = await make();
      db = await subject.open();
    });
    afterEach(async () => {
      db.close();
      await subject.dispose();
    });

    const reopen = async (): Promise<void> => {
      db.close();
      db = await subject.open();
    };

    it('is empty at first', () => {
      assert.deepEqual(db.load(), { seq: 0, desired: EMPTY, records: [] });
      assert.deepEqual(db.images(), []);
    });

    it('keeps a complete set, and a later one takes its place', async () => {
      db.save({ desired: { seq: 4, put: { ...EMPTY, tasks: [task('a'), task('b')], files: [SECRET] }, remove: 'all' } });
      await reopen();
      assert.deepEqual(db.load().desired, { ...EMPTY, tasks: [task('a'), task('b')], files: [SECRET] });
      db.save({ desired: { seq: 9, put: { ...EMPTY, tasks: [task('c')] }, remove: 'all' } });
      await reopen();
      assert.deepEqual(db.load(), { seq: 9, desired: { ...EMPTY, tasks: [task('c')] }, records: [] });
    });

    it('merges a change into the set', () => {
      db.save({ desired: { seq: 1, put: { ...EMPTY, tasks: [task('a'), task('b')] }, remove: 'all' } });
      const changed = { ...task('b'), desired: 'shutdown' as const };
      db.save({ desired: { seq: 2, put: { ...EMPTY, tasks: [changed] }, remove: { ...NONE, tasks: ['a'] } } });
      assert.deepEqual(db.load(), { seq: 2, desired: { ...EMPTY, tasks: [changed] }, records: [] });
    });

    it('keeps records in the order in which they came, also when they change', async () => {
      db.save({ records: [record('z'), record('a')] });
      db.save({ records: [{ ...record('z'), confirmed: true }, record('m')] });
      db.save({ forget: ['a'] });
      await reopen();
      assert.deepEqual(db.load().records, [{ ...record('z'), confirmed: true }, record('m')]);
    });

    it('keeps nothing of what changes after it was saved', () => {
      const mine = record('a');
      db.save({ records: [mine] });
      // One that lets nobody change what it holds does as well.
      Reflect.set(mine, 'confirmed', true);
      assert.equal(db.load().records[0]?.confirmed, false);
    });

    it('remembers pulled images with the time of their last use', () => {
      db.save({
        images: [
          { reference: 'a', lastUsedAt: 1 },
          { reference: 'b', lastUsedAt: 2 },
        ],
      });
      db.save({ images: [{ reference: 'a', lastUsedAt: 3 }], forgetImages: ['b'] });
      assert.deepEqual(db.images(), [{ reference: 'a', lastUsedAt: 3 }]);
    });
  });
}

contract('memory', async () => {
  const db = new MemoryTaskDb();
  return { open: async () => db, dispose: async () => {} };
});

contract('SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'task-db-'));
  return { open: async () => new SqliteTaskDb(folder), dispose: () => rm(folder, { recursive: true }) };
});

describe('the SQLite task database on disk', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'task-db-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('holds no secret in clear, and is readable by its owner only', async () => {
    const db = new SqliteTaskDb(folder);
    db.save({ desired: { seq: 1, put: { ...EMPTY, files: [SECRET] }, remove: 'all' } });
    db.close();
    const bytes = await readFile(join(folder, 'agent.db'));
    assert.equal(bytes.includes(SECRET.data) || bytes.includes('top-secret-value'), false);
    for (const name of ['agent.db', 'agent.key']) assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600);
  });

  it('lets no second agent in', () => {
    const db = new SqliteTaskDb(folder);
    try {
      assert.throws(() => new SqliteTaskDb(folder), /in use by another agent/);
    } finally {
      db.close();
    }
  });
});
