import assert from 'node:assert/strict';
import type { KvSubject } from './harness.js';
import { currentRevision, del, put, Recorder, remove, revisionOf, write } from './recorder.js';

export function watchCases(subject: KvSubject): void {
  const received = (recorder: Recorder, count: number): Promise<void> =>
    subject.harness.until(() => recorder.events.length >= count, `${count} events`);

  it('delivers what comes, with the whole entry', async () => {
    const recorder = new Recorder(subject.kv, 'a', (await currentRevision(subject.kv)) + 1);
    const created = await write(subject.kv, 'a', 'one');
    const changed = await write(subject.kv, 'a', 'two');
    const deleted = await remove(subject.kv, 'a');
    await received(recorder, 3);
    const entry = { key: 'a', createRevision: created };
    assert.deepEqual(recorder.events, [
      { type: 'put', entry: { ...entry, value: 'one', modRevision: created, version: 1 } },
      { type: 'put', entry: { ...entry, value: 'two', modRevision: changed, version: 2 } },
      { type: 'delete', key: 'a', modRevision: deleted },
    ]);
  });

  it('delivers history from a past revision first, then what comes', async () => {
    await write(subject.kv, 'a', 'zero');
    const from = await write(subject.kv, 'a', 'one');
    await write(subject.kv, 'b', 'two');
    const recorder = new Recorder(subject.kv, '', from);
    await write(subject.kv, 'c', 'three');
    await received(recorder, 3);
    assert.deepEqual(recorder.texts, ['put a=one', 'put b=two', 'put c=three']);
  });

  it('waits for a revision that is yet to come', async () => {
    const recorder = new Recorder(subject.kv, '', (await currentRevision(subject.kv)) + 3);
    for (const value of ['1', '2', '3', '4']) await write(subject.kv, 'a', value);
    await received(recorder, 2);
    assert.deepEqual(recorder.texts, ['put a=3', 'put a=4']);
  });

  it('keeps to its prefix', async () => {
    const recorder = new Recorder(subject.kv, 'b/', (await currentRevision(subject.kv)) + 1);
    for (const key of ['a', 'b', 'b/', 'b/1', 'b0', 'b/2']) await write(subject.kv, key, 'x');
    await received(recorder, 3);
    assert.deepEqual(recorder.texts, ['put b/=x', 'put b/1=x', 'put b/2=x']);
  });

  it('delivers a revision as a whole and in the order of its operations', async () => {
    for (const key of ['p/2', 'p/1', 'old']) await write(subject.kv, key, 'x');
    const from = (await currentRevision(subject.kv)) + 1;
    const recorder = new Recorder(subject.kv, '', from);
    const ops = [put('z', '1'), del('old'), { type: 'delete-prefix' as const, prefix: 'p/' }, put('a', '2')];
    await subject.kv.txn({ compares: [], ops });
    await received(recorder, 5);
    assert.deepEqual(recorder.texts, ['put z=1', 'delete old', 'delete p/1', 'delete p/2', 'put a=2']);
    assert.deepEqual(recorder.events.map(revisionOf), Array(5).fill(from));
    assert.equal(recorder.deliveries, 1);
  });

  it('loses and repeats nothing under concurrent writers', async () => {
    const from = (await currentRevision(subject.kv)) + 1;
    const early = new Recorder(subject.kv, 'w/', from);
    const writer = async (name: number): Promise<number[]> => {
      const revisions: number[] = [];
      for (let count = 0; count < 40; count++) revisions.push(await write(subject.kv, `w/${name}`, String(count)));
      return revisions;
    };
    const written = (await Promise.all(Array.from({ length: 10 }, (_, name) => writer(name)))).flat();
    const late = new Recorder(subject.kv, 'w/', from);
    await received(early, 400);
    await received(late, 400);
    const expected = written.toSorted((left, right) => left - right);
    assert.deepEqual(early.events.map(revisionOf), expected);
    assert.deepEqual(late.events, early.events);
  });

  it('delivers nothing after cancel, also when it was cancelled in a delivery', async () => {
    const from = (await currentRevision(subject.kv)) + 1;
    const cancelled = new Recorder(subject.kv, '', from);
    const other = new Recorder(subject.kv, '', from);
    let deliveries = 0;
    const watch = subject.kv.watch('', {
      fromRevision: from,
      onEvents: () => {
        deliveries++;
        watch.cancel();
      },
      onEnd: () => assert.fail('a cancelled watch has no end'),
    });
    await write(subject.kv, 'a', '1');
    await received(cancelled, 1);
    await subject.harness.until(() => deliveries === 1, 'the delivery');
    cancelled.cancel();
    await write(subject.kv, 'a', '2');
    await received(other, 2);
    assert.deepEqual([cancelled.events.length, deliveries], [1, 1]);
  });

  it('ends with compacted when its history is forgotten', async () => {
    const forgotten = await write(subject.kv, 'a', 'one');
    await write(subject.kv, 'a', 'two');
    const compacted = await write(subject.kv, 'a', 'three');
    await subject.kv.compact(compacted);
    for (const from of [forgotten, compacted - 1]) {
      const recorder = new Recorder(subject.kv, '', from);
      await subject.harness.until(() => recorder.ends.length > 0, 'the end');
      assert.deepEqual([recorder.ends, recorder.texts], [['compacted'], []]);
    }
  });

  it('delivers all from the compacted revision on, a delete too', async () => {
    await write(subject.kv, 'a', 'one');
    const compacted = await remove(subject.kv, 'a');
    await write(subject.kv, 'b', 'two');
    await subject.kv.compact(compacted);
    const recorder = new Recorder(subject.kv, '', compacted);
    await received(recorder, 2);
    assert.deepEqual(recorder.texts, ['delete a', 'put b=two']);
  });

  it('goes on over a compaction that it does not need', async () => {
    const recorder = new Recorder(subject.kv, '', (await currentRevision(subject.kv)) + 1);
    for (const value of ['1', '2', '3']) await write(subject.kv, 'a', value);
    await received(recorder, 3);
    await subject.kv.compact(await currentRevision(subject.kv));
    await write(subject.kv, 'a', '4');
    await received(recorder, 4);
    assert.deepEqual(recorder.ends, []);
  });

  it('ends with closed when the store is closed, and at once after that', async () => {
    const before = new Recorder(subject.kv, '', 1_000_000);
    await subject.kv.close();
    assert.deepEqual(before.ends, ['closed']);
    const after = new Recorder(subject.kv, '', 1);
    await subject.harness.until(() => after.ends.length > 0, 'the end');
    assert.deepEqual([after.ends, after.events], [['closed'], []]);
  });

  it('resumes where it stood after the store was opened again', async () => {
    const from = await write(subject.kv, 'a', '1');
    await write(subject.kv, 'a', '2');
    const again = await subject.harness.reopen(subject.kv);
    const recorder = new Recorder(again, '', from);
    await write(again, 'a', '3');
    await received(recorder, 3);
    assert.deepEqual(recorder.texts, ['put a=1', 'put a=2', 'put a=3']);
  });
}
