import assert from 'node:assert/strict';
import { VirtualClock } from '@tessera/kit';
import { AppliedBook } from './applied-book.js';
import { appliedNodes } from './applied-nodes.js';

const LIMIT_MS = 5_000;

describe('what nodes have applied, for another manager', () => {
  let clock: VirtualClock;
  let book: AppliedBook;
  let answers: string[][];
  let isOver: boolean;

  /** Reads the answer in the background. */
  async function ask(nodeIds: readonly string[], signal = new AbortController().signal): Promise<void> {
    const read = async (): Promise<void> => {
      for await (const part of appliedNodes({ book, clock, limitMs: LIMIT_MS }, nodeIds, signal)) answers.push(part);
      isOver = true;
    };
    void read();
    await clock.advance(0);
  }
  const apply = (nodeId: string, seq: number): void => {
    book.flushed(nodeId, seq);
    book.applied(nodeId, seq);
  };

  beforeEach(() => {
    clock = new VirtualClock();
    [answers, isOver] = [[], false];
    book = new AppliedBook(() => {});
  });

  it('is told as they apply what was sent since, and ends with the last of them', async () => {
    book.applied('a', 3);
    await ask(['a', 'b']);
    apply('b', 4);
    await clock.advance(0);
    assert.deepEqual([answers, isOver], [[['b']], false]);
    apply('a', 4);
    await clock.advance(0);
    assert.deepEqual([answers, isOver, clock.pending], [[['b'], ['a']], true, 0]);
  });

  it('sees to it that each of them is sent what it lacks', async () => {
    const marked: string[] = [];
    book = new AppliedBook((nodeId) => void marked.push(nodeId));
    await ask(['a', 'b']);
    assert.deepEqual(marked, ['a', 'b']);
  });

  it('ends without those that have not when the limit passes, or nobody wants it any more', async () => {
    await ask(['a', 'b']);
    apply('b', 1);
    await clock.advance(LIMIT_MS);
    assert.deepEqual([answers, isOver], [[['b']], true]);
    isOver = false;
    const asker = new AbortController();
    await ask(['a'], asker.signal);
    asker.abort();
    await clock.advance(0);
    assert.deepEqual([isOver, clock.pending], [true, 0]);
  });
});
