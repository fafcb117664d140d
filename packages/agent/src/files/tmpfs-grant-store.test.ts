import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TmpfsGrantStore } from './tmpfs-grant-store.js';

describe('TmpfsGrantStore', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grant-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('remembers the last moment for the next process of the same boot only', () => {
    const path = join(folder, 'below', 'grant');
    const store = new TmpfsGrantStore(path, 'boot-1');
    assert.equal(store.load(), undefined);
    store.save(5.5);
    store.save(1_234.5);
    assert.equal(new TmpfsGrantStore(path, 'boot-1').load(), 1_234.5);
    assert.equal(new TmpfsGrantStore(path, 'boot-2').load(), undefined);
  });

  it('takes a file that says nothing for none', async () => {
    const path = join(folder, 'grant');
    for (const text of ['', 'boot-1', 'boot-1 soon']) {
      await writeFile(path, text);
      assert.equal(new TmpfsGrantStore(path, 'boot-1').load(), undefined);
    }
  });
});
