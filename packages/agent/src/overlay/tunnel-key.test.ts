import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TunnelKeys } from './tunnel-key.js';

const NOW_MS = Date.UTC(2026, 0, 1);
const DAY_MS = 24 * 3600 * 1000;

describe('the keys of the tunnel', () => {
  let folder: string;
  let file: string;
  let keys: TunnelKeys;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tunnel-key-'));
    file = join(folder, 'agent', 'wireguard.key');
    keys = new TunnelKeys(file, { now: () => NOW_MS });
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** Makes the present key as old as that. */
  async function age(days: number): Promise<void> {
    const seconds = (NOW_MS - days * DAY_MS) / 1000;
    await utimes(file, seconds, seconds);
  }

  it('are one at first, readable by its owner alone', async () => {
    const made = await keys.offered();
    await age(29);
    assert.deepEqual([await keys.offered(), await keys.used(undefined), await keys.used(made.publicKey)], [made, made, made]);
    assert.match(made.publicKey, /^[A-Za-z0-9+/]{43}=$/);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
  });

  it('are two when the first is old: the next is offered, and the first used until others are told of the next', async () => {
    const first = await keys.offered();
    await age(31);
    const next = await keys.offered();
    assert.notEqual(next.publicKey, first.publicKey);
    assert.equal((await stat(`${file}.next`)).mode & 0o777, 0o600);
    assert.deepEqual([await keys.offered(), await keys.used(first.publicKey), await keys.used(undefined)], [next, first, first]);
    assert.deepEqual([await keys.used(next.publicKey), await keys.offered(), await keys.used(undefined)], [next, next, next]);
    assert.deepEqual(await readdir(join(folder, 'agent')), ['wireguard.key']);
  });

  it('stay as they are when the managers know another one, such as after a restore', async () => {
    const first = await keys.offered();
    assert.deepEqual(await keys.used('another'), first);
  });

  it('are refused when a file holds none', async () => {
    const other = new TunnelKeys(join(folder, 'key'), { now: () => NOW_MS });
    await writeFile(join(folder, 'key'), 'nonsense');
    await assert.rejects(other.offered(), /holds no WireGuard key: remove it/);
  });
});
