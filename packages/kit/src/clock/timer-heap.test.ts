import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type HeapEntry, TimerHeap } from './timer-heap.js';

describe('The heap of timers', () => {
  it('gives them out as a sorted list would, whatever is added, cancelled and taken in between', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('add' as const), at: fc.nat(20) }),
      fc.record({ do: fc.constant('cancel' as const), which: fc.nat(300) }),
      fc.record({ do: fc.constant('take' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const heap = new TimerHeap();
        const all: HeapEntry[] = [];
        let list: HeapEntry[] = [];
        for (const one of steps) {
          if (one.do === 'add') {
            const entry = { at: one.at, order: all.length, run: () => {}, cancelled: false };
            all.push(entry);
            list = [...list, entry].sort((a, b) => a.at - b.at || a.order - b.order);
            heap.push(entry);
          } else if (one.do === 'cancel') {
            const entry = all[one.which % Math.max(1, all.length)];
            if (entry) heap.cancel(entry);
            list = list.filter((other) => other !== entry);
          } else {
            assert.equal(heap.peek()?.order, list[0]?.order);
            assert.equal(heap.shift()?.order, list.shift()?.order);
          }
          assert.equal(heap.size, list.length);
        }
      }),
    );
  });
});
