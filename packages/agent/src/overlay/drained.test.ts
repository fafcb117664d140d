import assert from 'node:assert/strict';
import { silentLog, VirtualClock } from '@tessera/kit';
import { drained } from './drained.js';

function setUp(limitMs: number) {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const host = { open: 0, counts: 0, failure: undefined as Error | undefined, isOver: false };
  const kernel = {
    connections: async (): Promise<number> => {
      host.counts++;
      if (host.failure) throw host.failure;
      return host.open;
    },
  };
  const { signal } = stop;
  void drained({ kernel, clock, log: silentLog, addresses: ['10.7.1.2'], limitMs, signal }).then(() => {
    host.isOver = true;
  });
  return { clock, stop, host };
}

describe('the drain of a task', () => {
  it('lets what was sent just before come, and is over when no connection is left', async () => {
    const { clock, host } = setUp(1_000);
    await clock.advance(99);
    assert.equal(host.counts, 0);
    host.open = 2;
    await clock.advance(301);
    assert.equal(host.isOver, false);
    host.open = 0;
    await clock.advance(200);
    assert.equal(host.isOver, true);
  });

  it('waits no longer than the limit', async () => {
    for (const limitMs of [50, 1_000]) {
      const { clock, host } = setUp(limitMs);
      host.open = 1;
      await clock.advance(limitMs - 1);
      assert.equal(host.isOver, false);
      await clock.advance(1);
      assert.equal(host.isOver, true);
    }
  });

  it('is over at once when it is told so, or when connections cannot be counted', async () => {
    const told = setUp(1_000);
    told.stop.abort();
    await told.clock.advance(0);
    assert.equal(told.host.isOver, true);
    const { clock, host } = setUp(1_000);
    host.failure = new Error('conntrack is missing');
    await clock.advance(100);
    assert.equal(host.isOver, true);
  });
});
