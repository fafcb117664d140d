import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from './failure.js';
import { processIo } from './process-io.js';

describe('files of the process', () => {
  const { files } = processIo();
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tsctl-io-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('are replaced as a whole, with their mode, in folders that only the owner enters', async () => {
    const path = join(folder, 'deep', 'file');
    await files.replace(path, 'one', 0o600);
    await files.replace(path, 'two', 0o600);
    assert.equal(new TextDecoder().decode(await files.read(path)), 'two');
    assert.equal(await files.mode(path), 0o600);
    assert.equal((await stat(join(folder, 'deep'))).mode & 0o777, 0o700);
    assert.deepEqual(await readdir(join(folder, 'deep')), ['file']);
  });

  it('leave no draft behind when they cannot be replaced', async () => {
    const path = join(folder, 'taken');
    await mkdir(path);
    await assert.rejects(files.replace(path, 'text', 0o600));
    assert.deepEqual(await readdir(folder), ['taken']);
  });

  it('are undefined when absent, and name themselves when they cannot be read', async () => {
    await writeFile(join(folder, 'file'), '');
    assert.equal(await files.read(join(folder, 'nowhere')), undefined);
    assert.equal(await files.read(join(folder, 'file', 'below')), undefined);
    assert.equal(await files.mode(join(folder, 'nowhere')), undefined);
    await assert.rejects(
      files.read(folder),
      (error) => error instanceof Failure && error.exitCode === 2 && error.message === `${folder} cannot be read: it is a folder`,
    );
  });
});
