import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tunnelKey } from './tunnel-key.js';

describe('the key of the tunnel', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tunnel-key-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is made once, readable by its owner alone, and stays the same', async () => {
    const file = join(folder, 'agent', 'wireguard.key');
    const made = await tunnelKey(file);
    assert.deepEqual(await tunnelKey(file), made);
    assert.match(made.publicKey, /^[A-Za-z0-9+/]{43}=$/);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
  });

  it('is refused when the file holds none', async () => {
    const file = join(folder, 'key');
    await writeFile(file, 'nonsense');
    await assert.rejects(tunnelKey(file), /holds no WireGuard key: remove it/);
  });
});
