import assert from 'node:assert/strict';
import { SeededRandom, silentLog, VirtualClock } from '@tessera/kit';
import type { Identity } from './identity.js';
import { keepRenewed } from './renewal.js';

const DAY_MS = 86_400_000;

describe('keepRenewed', () => {
  it('asks when it is due, and on failure the next manager, ever slower', async () => {
    const clock = new VirtualClock();
    let renewAtMs = clock.now() + 20 * DAY_MS;
    const identity = {
      nodeId: 'n1',
      get renewAtMs() {
        return renewAtMs;
      },
    } as Identity;
    const asked: Array<{ manager: string; atMs: number }> = [];
    const stop = new AbortController();
    const over = keepRenewed({
      identity,
      managers: ['https://m1', 'https://m2'],
      clock,
      random: new SeededRandom(1),
      log: silentLog,
      signal: stop.signal,
      requestRenewal: async (manager) => {
        asked.push({ manager, atMs: clock.monotonic() });
        if (asked.length < 4) throw new Error('away');
        renewAtMs = clock.now() + 20 * DAY_MS;
      },
    });
    await clock.advance(20 * DAY_MS - 1);
    assert.equal(asked.length, 0);
    await clock.advance(DAY_MS);
    assert.deepEqual(
      asked.map((one) => one.manager),
      ['https://m1', 'https://m2', 'https://m1', 'https://m2'],
    );
    const gaps = asked.slice(1).map((one, index) => one.atMs - (asked[index]?.atMs ?? 0));
    assert.ok(
      gaps.every((gap, index) => index === 0 || gap > (gaps[index - 1] ?? 0) * 0.99),
      String(gaps),
    );
    await clock.advance(18 * DAY_MS);
    assert.equal(asked.length, 4, 'the new certificate is good for 20 days');
    stop.abort();
    await over;
    assert.equal(clock.pending, 0);
  });
});
