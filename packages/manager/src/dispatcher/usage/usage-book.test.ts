import assert from 'node:assert/strict';
import { silentLog, VirtualClock } from '@tessera/kit';
import { memoryStore, openStore } from '../../state/testing/test-store.js';
import { UsageBook } from './usage-book.js';

describe('Usage that agents tell', () => {
  it('is written as means of the last half minute, every ten seconds at most', async () => {
    const clock = new VirtualClock();
    const store = await openStore(memoryStore().connect());
    const book = new UsageBook({ store, clock, log: silentLog });
    const told: number[] = [];
    for (const nanoCpus of [1e9, 2e9, 3e9, 4e9, 5e9, 6e9, 7e9]) {
      await book.take('n1', [{ taskId: 't1', nanoCpus, memoryBytes: 100 }]);
      told.push(store.view.get('usages', 'n1')?.tasks[0]?.nanoCpus ?? 0);
      await clock.advance(5_000);
    }
    assert.deepEqual(told, [1e9, 1e9, 2e9, 2e9, 3e9, 3e9, 4.5e9]);
    assert.equal(store.view.get('usages', 'n1')?.overMs, 30_000);
  });

  it('is forgotten with the session, and says nothing of tasks that are gone', async () => {
    const clock = new VirtualClock();
    const store = await openStore(memoryStore().connect());
    const book = new UsageBook({ store, clock, log: silentLog });
    await book.take('n1', [{ taskId: 't1', nanoCpus: 4e9, memoryBytes: 1 }]);
    book.forget('n1');
    await book.take('n1', [{ taskId: 't2', nanoCpus: 2e9, memoryBytes: 1 }]);
    assert.deepEqual(
      store.view.get('usages', 'n1')?.tasks.map(({ taskId, nanoCpus }) => [taskId, nanoCpus]),
      [['t2', 2e9]],
    );
  });
});
