import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TmpfsFileStore } from './tmpfs-file-store.js';

describe('TmpfsFileStore', () => {
  let root: string;
  let store: TmpfsFileStore;
  const file = { name: 'secret-0', data: Buffer.from('one'), uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, mode: 0o440 };

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'files-'));
    store = new TmpfsFileStore(join(root, 'tasks'));
  });
  afterEach(() => rm(root, { recursive: true }));

  it('writes files with their mode into a folder that only its owner enters', async () => {
    await store.write('t1', [file]);
    assert.equal(await readFile(join(store.folder('t1'), 'secret-0'), 'utf8'), 'one');
    assert.equal((await stat(join(store.folder('t1'), 'secret-0'))).mode & 0o7777, 0o440);
    assert.equal((await stat(store.folder('t1'))).mode & 0o7777, 0o700);
    assert.equal((await stat(join(root, 'tasks'))).mode & 0o7777, 0o700);
    assert.deepEqual(await readdir(store.folder('t1')), ['secret-0']);
  });

  it('leaves a file alone that a container may have mounted, and puts another content in place', async () => {
    await store.write('t1', [file]);
    const path = join(store.folder('t1'), 'secret-0');
    const { ino } = await stat(path);
    await store.write('t1', [file]);
    assert.equal((await stat(path)).ino, ino);
    for (const text of ['a longer one', 'two']) {
      await store.write('t1', [{ ...file, data: Buffer.from(text) }]);
      assert.equal(await readFile(path, 'utf8'), text);
    }
    assert.equal((await stat(path)).ino, ino, 'the container still sees it');
  });

  it('removes the files of tasks that are gone', async () => {
    await store.keepOnly(new Set());
    await store.write('t1', [file]);
    await store.write('t2', [file]);
    await store.keepOnly(new Set(['t2']));
    assert.deepEqual(await readdir(join(root, 'tasks')), ['t2']);
    await store.remove('t2');
    await store.remove('t2');
    assert.deepEqual(await readdir(join(root, 'tasks')), []);
  });
});
