import assert from 'node:assert/strict';
import { VirtualClock } from '@tessera/kit';
import { AppliedBook } from './applied-book.js';
import { AppliedEverywhere } from './applied-everywhere.js';
import { untilApplied } from './until-applied.js';

const LIMIT_MS = 5_000;

describe('a wait for what nodes have applied', () => {
  let clock: VirtualClock;
  let book: AppliedBook;
  let everywhere: AppliedEverywhere;

  beforeEach(() => {
    clock = new VirtualClock();
    book = new AppliedBook(() => {});
    everywhere = new AppliedEverywhere({ here: book, elsewhere: { wait: () => assert.fail() }, managerOf: () => undefined });
  });
  afterEach(() => assert.equal(clock.pending, 0));

  const wait = (nodeIds: string[], signal = new AbortController().signal): Promise<string[]> =>
    untilApplied({ everywhere, clock, limitMs: LIMIT_MS }, new Set(nodeIds), 1, signal);
  const apply = (nodeId: string, seq: number): void => {
    book.flushed(nodeId, seq);
    book.applied(nodeId, seq);
  };

  it('ends when the last of them has, or is down', async () => {
    const behind = wait(['a', 'b', 'c']);
    apply('a', 1);
    everywhere.gone('c');
    apply('b', 4);
    assert.deepEqual(await behind, []);
  });

  it('is no wait for none', async () => {
    assert.deepEqual(await wait([]), []);
  });

  it('tells who is behind when its time is over', async () => {
    const behind = wait(['a', 'b']);
    apply('a', 1);
    await clock.advance(LIMIT_MS);
    assert.deepEqual(await behind, ['b']);
  });

  it('ends with who asked', async () => {
    const asker = new AbortController();
    const behind = wait(['a'], asker.signal);
    asker.abort();
    assert.deepEqual([await behind, await wait(['a'], asker.signal)], [['a'], ['a']]);
  });
});
