import assert from 'node:assert/strict';
import { hash32 } from './hash32.js';

describe('hash32', () => {
  it('is the same everywhere and always', () => assert.deepEqual([hash32(''), hash32('web')], [hash32(''), hash32('web')]));

  it('spreads texts that differ only in their end', () => {
    const buckets = new Array<number>(16).fill(0);
    for (let number = 0; number < 16_000; number++) buckets[hash32(`task${number}`) % 16]! += 1;
    assert.ok(
      buckets.every((count) => count > 850 && count < 1150),
      buckets.join(),
    );
  });
});
