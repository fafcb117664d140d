import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, open as openFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { SystemClock, silentLog } from '@tessera/kit';
import { until } from '@tessera/kit/wait/until';
import { EmbeddedKv } from '@tessera/manager/adapters/kv/embedded/embedded-kv';
import { Recorder, remove, write } from './recorder.js';

const clock = new SystemClock();
const WRITER = fileURLToPath(new URL('./embedded-writer.js', import.meta.url));
const ROUNDS = 8;
const WRITES_A_ROUND = 150;
const USER_VERSION_OFFSET = 60;
const APPLICATION_ID_OFFSET = 68;

/** A process that writes to the store and prints each revision that was acknowledged. */
class WriterProcess {
  readonly #child: ChildProcess;
  /** key=revision */
  readonly acknowledged = new Map<string, number>();

  constructor(directory: string, round: number) {
    this.#child = spawn(process.execPath, [WRITER, directory, String(round)], { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface({ input: this.#child.stdout! });
    lines.on('line', (line) => {
      const [key = '', revision] = line.split('=');
      this.acknowledged.set(key, Number(revision));
    });
  }

  async kill9(): Promise<void> {
    // `close` comes after the last of its output.
    const closed = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGKILL');
    await closed;
  }
}

describe('EmbeddedKv on a disk', function () {
  this.timeout(30_000);
  let directory: string;
  const open = (): EmbeddedKv => new EmbeddedKv({ directory, clock, log: silentLog });
  beforeEach(async () => {
    directory = join(await mkdtemp(join(tmpdir(), 'tessera-kv-')), 'store');
  });
  afterEach(() => rm(join(directory, '..'), { recursive: true, force: true }));

  it('has every acknowledged write after each of many kill -9', async () => {
    const acknowledged = new Map<string, number>();
    for (let round = 0; round < ROUNDS; round++) {
      const writer = new WriterProcess(directory, round);
      try {
        await until(() => writer.acknowledged.size >= WRITES_A_ROUND, { clock, what: 'the writes', limitMs: 10_000 });
      } finally {
        await writer.kill9();
      }
      for (const [key, revision] of writer.acknowledged) acknowledged.set(key, revision);
      const kv = open();
      const { entries, revision } = await kv.range('');
      const found = new Map(entries.map((entry) => [entry.key, entry.modRevision]));
      assert.deepEqual(
        [...acknowledged].filter(([key, written]) => found.get(key) !== written),
        [],
      );
      // Each write made one key, so revisions without holes mean that no write was half made.
      assert.deepEqual(
        [...found.values()].toSorted((left, right) => left - right),
        Array.from({ length: revision - 1 }, (_, index) => index + 2),
      );
      await kv.close();
    }
  });

  it('refuses a second process and names the path and the cure', async () => {
    const writer = new WriterProcess(directory, 0);
    try {
      await until(() => writer.acknowledged.size > 0, { clock, what: 'the first write', limitMs: 10_000 });
      assert.throws(open, (error: Error) => {
        assert.match(error.message, /tessera\.db is in use by another process: stop it/);
        assert.ok(error.message.includes(directory));
        return true;
      });
    } finally {
      await writer.kill9();
    }
    await open().close();
  });

  it('refuses a second opening in the same process', async () => {
    const kv = open();
    assert.throws(open, { name: 'KvError', code: 'unavailable' });
    await write(kv, 'a', 'still works');
    await kv.close();
  });

  it('gives history to a watch from an old revision after it was opened again', async () => {
    const first = open();
    const from = await write(first, 'a', '1');
    await write(first, 'a', '2');
    await remove(first, 'a');
    await first.close();
    const second = open();
    const recorder = new Recorder(second, '', from);
    await until(() => recorder.events.length >= 3, { clock, what: 'the history', limitMs: 2_000 });
    assert.deepEqual(recorder.texts, ['put a=1', 'put a=2', 'delete a']);
    await second.close();
  });

  it('keeps the newest 10,000 revisions and forgets those before by itself', async () => {
    const kv = open();
    const revisions = await Promise.all(Array.from({ length: 12_000 }, (_, index) => write(kv, `k${index % 10}`, String(index))));
    const newest = Math.max(...revisions);
    const kept = await kv.range('', { revision: newest - 10_000 });
    assert.equal(kept.entries.length, 10);
    await assert.rejects(kv.range('', { revision: newest - 11_001 }), { name: 'KvError', code: 'compacted' });
    const recorder = new Recorder(kv, '', 2);
    await until(() => recorder.ends.length > 0, { clock, what: 'the end', limitMs: 2_000 });
    assert.deepEqual(recorder.ends, ['compacted']);
    await kv.close();
  });

  it('keeps its directory and file to its owner', async () => {
    await open().close();
    assert.equal((await stat(directory)).mode & 0o777, 0o700);
    assert.equal((await stat(join(directory, 'tessera.db'))).mode & 0o777, 0o600);
  });

  describe('refuses', () => {
    const damage: [string, RegExp, (path: string) => Promise<void>][] = [
      ['a file that is no database', /tessera\.db is damaged .*restore a backup/, (path) => writeFile(path, 'x'.repeat(8192))],
      ['a file with a damaged page', /tessera\.db is damaged .*restore a backup/, damagePages],
      ['a file of a newer version', /written by a newer Tessera \(store version 99/, (path) => patchHeader(path, USER_VERSION_OFFSET, 99)],
      ['a database of another program', /SQLite file of another program/, (path) => patchHeader(path, APPLICATION_ID_OFFSET, 7)],
    ];
    for (const [what, message, make] of damage) {
      it(`${what}, and says what to do`, async () => {
        const kv = open();
        for (let index = 0; index < 200; index++) await write(kv, `k${index}`, 'v'.repeat(500));
        await kv.close();
        await make(join(directory, 'tessera.db'));
        assert.throws(open, { name: 'KvError', code: 'invalid', message });
      });
    }

    it('a directory that cannot be made', async () => {
      await writeFile(directory, 'a file in its place');
      assert.throws(open, { name: 'KvError', code: 'unavailable', message: /tessera\.db cannot be opened/ });
    });
  });
});

async function damagePages(path: string): Promise<void> {
  const { size } = await stat(path);
  const file = await openFile(path, 'r+');
  for (let position = 4096; position < size; position += 4096) await file.write(Buffer.alloc(1000, 0xee), 0, 1000, position);
  await file.close();
}

/** Writes a number into the header of a SQLite file (https://sqlite.org/fileformat2.html, section 1.3). */
async function patchHeader(path: string, offset: number, value: number): Promise<void> {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  const file = await openFile(path, 'r+');
  await file.write(bytes, 0, bytes.length, offset);
  await file.close();
}
