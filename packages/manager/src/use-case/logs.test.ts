import assert from 'node:assert/strict';
import type { LogFrame, SourcedLogFrame } from '@tessera/api';
import { merge } from './merge.js';

async function* items<T>(...values: T[]): AsyncIterable<T> {
  yield* values;
}

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of source) all.push(item);
  return all;
}

describe('Merged logs', () => {
  it('hold every item of every source, each in its order, and end', async () => {
    const merged = await collect(merge([items('a1', 'a2', 'a3'), items<string>(), items('b1', 'b2')]));
    assert.deepEqual(
      merged.filter((item) => item.startsWith('a')),
      ['a1', 'a2', 'a3'],
    );
    assert.deepEqual(
      merged.filter((item) => item.startsWith('b')),
      ['b1', 'b2'],
    );
  });

  it('are not held up by a source that says nothing', async () => {
    const silent: AsyncIterable<string> = { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) };
    for await (const item of merge([silent, items('heard')])) {
      assert.equal(item, 'heard');
      break;
    }
  });

  it('throw what a source throws', async () => {
    const frames: AsyncIterable<SourcedLogFrame | LogFrame> = {
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('broken')) }),
    };
    await assert.rejects(collect(merge([frames])), { message: 'broken' });
  });
});
