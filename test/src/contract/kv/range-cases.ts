import assert from 'node:assert/strict';
import type { KvEntry, KvValue } from '@tessera/manager/ports/kv';
import type { KvSubject } from './harness.js';
import { currentRevision, remove, write } from './recorder.js';

const keysOf = (range: { entries: KvEntry[] }): string[] => range.entries.map((entry) => entry.key);

export function rangeCases(subject: KvSubject): void {
  it('gives keys in the order of their UTF-8 bytes', async () => {
    // In UTF-16 the last two would be the other way round.
    const ordered = ['A', 'Z', 'a', 'a\u0000', 'a/', 'aa', 'b', 'é', '\uffee', '\u{1f600}'];
    for (const key of ordered.toReversed()) await write(subject.kv, key, key);
    const range = await subject.kv.range('');
    assert.deepEqual(keysOf(range), ordered);
    assert.equal(range.more, false);
  });

  it('gives exactly the keys with the prefix, at its edges too', async () => {
    const last = '\u{10ffff}';
    for (const key of ['p', `p${last}`, `p${last}${last}`, `p${last}x`, 'q', 'o', 'pÿ', 'pÿ1', 'pĀ']) await write(subject.kv, key, '');
    assert.deepEqual(keysOf(await subject.kv.range('p')), ['p', 'pÿ', 'pÿ1', 'pĀ', `p${last}`, `p${last}x`, `p${last}${last}`]);
    assert.deepEqual(keysOf(await subject.kv.range('pÿ')), ['pÿ', 'pÿ1']);
    assert.deepEqual(keysOf(await subject.kv.range(`p${last}`)), [`p${last}`, `p${last}x`, `p${last}${last}`]);
    assert.deepEqual(keysOf(await subject.kv.range(last)), []);
  });

  it('gives nothing for a prefix without keys, and still the revision', async () => {
    const revision = await write(subject.kv, 'a', '');
    assert.deepEqual(await subject.kv.range('b'), { entries: [], revision, more: false });
  });

  it('pages through all keys at one revision while others write', async () => {
    const keys = Array.from({ length: 25 }, (_, index) => `page/${String(index).padStart(2, '0')}`);
    for (const key of keys) await write(subject.kv, key, 'old');
    const first = await subject.kv.range('page/', { limit: 10 });
    assert.deepEqual([first.entries.length, first.more], [10, true]);
    const seen = first.entries;
    for (let more = first.more; more; ) {
      await write(subject.kv, keys[20] as string, 'new');
      await remove(subject.kv, keys[24] as string);
      await write(subject.kv, `page/x${seen.length}`, 'new');
      const startKey = `${seen.at(-1)?.key}\u0000`;
      const page = await subject.kv.range('page/', { limit: 10, startKey, revision: first.revision });
      assert.equal(page.revision, first.revision);
      seen.push(...page.entries);
      more = page.more;
    }
    assert.deepEqual(
      seen.map((entry) => [entry.key, entry.value]),
      keys.map((key) => [key, 'old']),
    );
  });

  it('refuses a limit that is not a positive number', async () => {
    for (const limit of [0, -1, 1.5, Number.NaN]) {
      await assert.rejects(subject.kv.range('', { limit }), { name: 'KvError', code: 'invalid' });
    }
  });

  it('has no more when the limit is met exactly', async () => {
    for (const key of ['a', 'b']) await write(subject.kv, key, '');
    const range = await subject.kv.range('', { limit: 2 });
    assert.deepEqual([keysOf(range), range.more], [['a', 'b'], false]);
  });

  it('begins with the prefix when the start key lies before it', async () => {
    for (const key of ['a', 'b1', 'b2']) await write(subject.kv, key, '');
    assert.deepEqual(keysOf(await subject.kv.range('b', { startKey: 'a' })), ['b1', 'b2']);
    assert.deepEqual(keysOf(await subject.kv.range('b', { startKey: 'b2' })), ['b2']);
    assert.deepEqual(keysOf(await subject.kv.range('b', { startKey: 'c' })), []);
  });

  it('reads the state of an older revision', async () => {
    const created = await write(subject.kv, 'a', 'one');
    const changed = await write(subject.kv, 'a', 'two');
    const deleted = await remove(subject.kv, 'a');
    const valuesAt = async (revision: number): Promise<KvValue[]> =>
      (await subject.kv.range('a', { revision })).entries.map((entry) => entry.value);
    assert.deepEqual(await valuesAt(created), ['one']);
    assert.deepEqual(await valuesAt(changed), ['two']);
    assert.deepEqual(await valuesAt(deleted), []);
  });

  it('refuses a revision that is yet to come', async () => {
    const revision = (await currentRevision(subject.kv)) + 1;
    await assert.rejects(subject.kv.range('', { revision }), { name: 'KvError', code: 'invalid' });
  });

  it('reads at the compacted revision and after it, not before it', async () => {
    // The revision just before the compacted one may be kept by an adapter, so the one before that is tried.
    const forgotten = await write(subject.kv, 'a', 'one');
    await write(subject.kv, 'a', 'two');
    await write(subject.kv, 'gone', 'x');
    const compacted = await write(subject.kv, 'a', 'three');
    await remove(subject.kv, 'gone');
    await subject.kv.compact(compacted);
    const { entries } = await subject.kv.range('', { revision: compacted });
    assert.deepEqual(
      entries.map((entry) => entry.value),
      ['three', 'x'],
    );
    assert.deepEqual(keysOf(await subject.kv.range('')), ['a']);
    await assert.rejects(subject.kv.range('', { revision: forgotten }), { name: 'KvError', code: 'compacted' });
    await assert.rejects(subject.kv.compact(forgotten), { name: 'KvError', code: 'compacted' });
    await assert.rejects(subject.kv.compact(compacted + 100), { name: 'KvError', code: 'invalid' });
  });

  it('reads thousands of keys and megabytes at once', async () => {
    const value = 'v'.repeat(5_000);
    for (let batch = 0; batch < 20; batch++) {
      const keys = Array.from({ length: 100 }, (_, index) => `many/${String(batch * 100 + index).padStart(4, '0')}`);
      await subject.kv.txn({ compares: [], ops: keys.map((key) => ({ type: 'put', key, value })) });
    }
    const { entries, more } = await subject.kv.range('many/');
    assert.deepEqual([entries.length, more, entries.at(-1)?.key], [2000, false, 'many/1999']);
    assert.ok(entries.every((entry) => entry.value === value));
  });
}
