import assert from 'node:assert/strict';
import { type KvTxn, MAX_TXN_BYTES, MAX_TXN_OPS, MAX_VALUE_BYTES } from '@tessera/manager/ports/kv';
import type { KvSubject } from './harness.js';
import { currentRevision, del, put, write } from './recorder.js';

export function txnCases(subject: KvSubject): void {
  it('creates a key at version 1', async () => {
    const revision = await write(subject.kv, 'a', 'one');
    assert.deepEqual(await subject.kv.get('a'), {
      key: 'a',
      value: 'one',
      createRevision: revision,
      modRevision: revision,
      version: 1,
    });
  });

  it('keeps the creating revision and counts the version when a key changes', async () => {
    const created = await write(subject.kv, 'a', 'one');
    const changed = await write(subject.kv, 'a', 'two');
    const entry = await subject.kv.get('a');
    assert.deepEqual(entry, { key: 'a', value: 'two', createRevision: created, modRevision: changed, version: 2 });
  });

  it('counts one revision for each txn that writes, however many keys', async () => {
    const before = await currentRevision(subject.kv);
    const result = await subject.kv.txn({ compares: [], ops: [put('a', '1'), put('b', '2'), put('c', '3')] });
    assert.deepEqual(result, { succeeded: true, revision: before + 1 });
    for (const key of ['a', 'b', 'c']) assert.equal((await subject.kv.get(key))?.modRevision, before + 1);
  });

  it('starts a deleted key again at version 1', async () => {
    await write(subject.kv, 'a', 'one');
    await subject.kv.txn({ compares: [], ops: [del('a')] });
    assert.equal(await subject.kv.get('a'), undefined);
    const revision = await write(subject.kv, 'a', 'again');
    const entry = await subject.kv.get('a');
    assert.deepEqual([entry?.version, entry?.createRevision], [1, revision]);
  });

  it('keeps the revision when a txn changes nothing', async () => {
    const revision = await write(subject.kv, 'a', 'one');
    const ops = [del('missing'), { type: 'delete-prefix' as const, prefix: 'none/' }];
    assert.deepEqual(await subject.kv.txn({ compares: [], ops }), { succeeded: true, revision });
    assert.deepEqual(await subject.kv.txn({ compares: [], ops: [] }), { succeeded: true, revision });
  });

  it('deletes exactly the keys with a prefix', async () => {
    for (const key of ['job', 'job/', 'job/1', 'job/\u{10ffff}', 'job0', 'jo']) await write(subject.kv, key, 'x');
    const before = await currentRevision(subject.kv);
    const ops = [{ type: 'delete-prefix' as const, prefix: 'job/' }];
    assert.deepEqual(await subject.kv.txn({ compares: [], ops }), { succeeded: true, revision: before + 1 });
    const { entries } = await subject.kv.range('');
    assert.deepEqual(
      entries.map((entry) => entry.key),
      ['jo', 'job', 'job0'],
    );
  });

  describe('compares', () => {
    let modRevision: number;
    beforeEach(async () => {
      modRevision = await write(subject.kv, 'a', 'one');
    });

    const holding: [string, () => KvTxn['compares']][] = [
      ['the revision of a key', () => [{ key: 'a', modRevision }]],
      ['that a key exists', () => [{ key: 'a', exists: true }]],
      ['that a key is missing', () => [{ key: 'b', exists: false }]],
      ['revision 0 of a missing key', () => [{ key: 'b', modRevision: 0 }]],
      [
        'several keys at once',
        () => [
          { key: 'a', modRevision },
          { key: 'b', modRevision: 0 },
        ],
      ],
    ];
    for (const [what, compares] of holding) {
      it(`accept ${what}`, async () => {
        const result = await subject.kv.txn({ compares: compares(), ops: [put('out', 'x')] });
        assert.deepEqual(result, { succeeded: true, revision: modRevision + 1 });
        assert.equal((await subject.kv.get('out'))?.value, 'x');
      });
    }

    const failing: [string, () => KvTxn['compares']][] = [
      ['another revision', () => [{ key: 'a', modRevision: modRevision - 1 }]],
      ['revision 0 of a key that exists', () => [{ key: 'a', modRevision: 0 }]],
      ['that an existing key is missing', () => [{ key: 'a', exists: false }]],
      ['that a missing key exists', () => [{ key: 'b', exists: true }]],
      ['a revision of a missing key', () => [{ key: 'b', modRevision }]],
      [
        'several keys of which one differs',
        () => [
          { key: 'a', modRevision },
          { key: 'b', exists: true },
        ],
      ],
    ];
    for (const [what, compares] of failing) {
      it(`refuse ${what}, write nothing and keep the revision`, async () => {
        const result = await subject.kv.txn({ compares: compares(), ops: [put('out', 'x'), del('a')] });
        assert.deepEqual(result, { succeeded: false, revision: modRevision });
        assert.equal(await subject.kv.get('out'), undefined);
        assert.equal((await subject.kv.get('a'))?.value, 'one');
      });
    }
  });

  describe('refuses', () => {
    const big = 'x'.repeat(MAX_VALUE_BYTES);
    const refused: [string, string, KvTxn['ops']][] = [
      ['a second put of a key', 'invalid', [put('a', '1'), put('a', '2')]],
      ['a put and a delete of a key', 'invalid', [put('a', '1'), del('a')]],
      ['a put inside a prefix that it deletes', 'invalid', [put('a/1', '1'), { type: 'delete-prefix', prefix: 'a/' }]],
      ['an empty key', 'invalid', [put('', '1')]],
      ['half a surrogate pair in a key', 'invalid', [put('a\ud800', '1')]],
      ['half a surrogate pair in a value', 'invalid', [put('a', '\udc00')]],
      ['a value over the limit', 'too-large', [put('a', `${big}x`)]],
      ['a value over the limit only in UTF-8', 'too-large', [put('a', 'ä'.repeat(MAX_VALUE_BYTES / 2 + 1))]],
      ['values that are too large together', 'too-large', [put('a', big), put('b', big)]],
      ['too many operations', 'too-large', Array.from({ length: MAX_TXN_OPS + 1 }, (_, index) => put(`k${index}`, ''))],
      ['a lease that does not exist', 'lease-not-found', [put('ok', '1'), put('a', '1', '4711')]],
    ];
    for (const [what, code, ops] of refused) {
      it(`${what}, and writes nothing`, async () => {
        const before = await currentRevision(subject.kv);
        await assert.rejects(subject.kv.txn({ compares: [], ops }), { name: 'KvError', code });
        assert.equal(await currentRevision(subject.kv), before);
        assert.deepEqual((await subject.kv.range('')).entries, []);
      });
    }
  });

  it('gives back the very object that it was given, or refuses it', async () => {
    const [{ kv }, value] = [subject, { some: 'object' }];
    const txn = kv.txn({ compares: [], ops: [{ type: 'put', key: 'a', value }] });
    if (!kv.keepsObjects) return assert.rejects(txn, { name: 'KvError', code: 'invalid' });
    await txn;
    assert.equal((await kv.get('a'))?.value, value);
    assert.equal((await kv.range('')).entries[0]?.value, value);
  });

  it('takes a txn and a value of the largest size', async () => {
    const value = 'x'.repeat(MAX_VALUE_BYTES);
    await write(subject.kv, 'big', value);
    assert.equal((await subject.kv.get('big'))?.value, value);
    const keyBytes = 100;
    const text = 'x'.repeat(Math.floor(MAX_TXN_BYTES / MAX_TXN_OPS) - 2 * keyBytes);
    const ops = Array.from({ length: MAX_TXN_OPS }, (_, index) => put(`k${index}`.padEnd(keyBytes, '.'), text));
    const compares = ops.map(({ key }) => ({ key, modRevision: 0 }));
    assert.equal((await subject.kv.txn({ compares, ops })).succeeded, true);
    assert.equal((await subject.kv.range('k')).entries.length, MAX_TXN_OPS);
  });

  it('keeps any Unicode text as it is', async () => {
    const value = 'äß \u0000 \ud83d\ude00 \uffff "\'\\ \r\n';
    await write(subject.kv, 'k\u0000ä\u{1f600}', value);
    assert.equal((await subject.kv.get('k\u0000ä\u{1f600}'))?.value, value);
    await write(subject.kv, 'empty', '');
    assert.equal((await subject.kv.get('empty'))?.value, '');
  });

  it('lets exactly one of many concurrent compare-and-swaps win', async () => {
    const revision = await write(subject.kv, 'a', 'start');
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        subject.kv.txn({ compares: [{ key: 'a', modRevision: revision }], ops: [put('a', String(index))] }),
      ),
    );
    const winners = results.flatMap((result, index) => (result.succeeded ? [String(index)] : []));
    assert.equal(winners.length, 1);
    const entry = await subject.kv.get('a');
    assert.deepEqual([entry?.value, entry?.version], [winners[0], 2]);
  });

  it('is there after the store was opened again', async () => {
    const revision = await write(subject.kv, 'a', 'one');
    const again = await subject.harness.reopen(subject.kv);
    assert.equal((await again.get('a'))?.modRevision, revision);
    assert.equal(await write(again, 'b', 'two'), revision + 1);
  });

  it('fails with closed after close', async () => {
    await subject.kv.close();
    const closed = { name: 'KvError', code: 'closed' };
    await assert.rejects(subject.kv.get('a'), closed);
    await assert.rejects(subject.kv.range(''), closed);
    await assert.rejects(write(subject.kv, 'a', 'x'), closed);
    await assert.rejects(subject.kv.grantLease(1000), closed);
    await assert.rejects(subject.kv.compact(1), closed);
    await subject.kv.close();
  });
}
