import assert from 'node:assert/strict';
import { VirtualClock } from '../clock/virtual-clock.js';
import { until } from './until.js';

describe('until', () => {
  it('returns the first truthy value without waiting when the condition already holds', async () => {
    const clock = new VirtualClock();
    const value = await until(() => 'ready', { clock, what: 'the value', limitMs: 0 });
    assert.equal(value, 'ready');
    assert.equal(clock.pending, 0);
  });

  it('looks again after each interval', async () => {
    const clock = new VirtualClock();
    let looks = 0;
    const waiting = until(() => ++looks === 4, { clock, what: 'four looks', limitMs: 1000, intervalMs: 50 });
    await clock.advance(149);
    assert.equal(looks, 3);
    await clock.advance(1);
    assert.equal(await waiting, true);
  });

  it('looks once more when the time is up, then names what it waited for', async () => {
    const clock = new VirtualClock();
    let looks = 0;
    const looking = async (): Promise<boolean> => {
      looks += 1;
      return false;
    };
    const failed = assert.rejects(
      until(looking, { clock, what: 'dockerd to answer', limitMs: 70, intervalMs: 50 }),
      /waited 70 ms in vain for dockerd to answer/,
    );
    await clock.advance(100);
    await failed;
    assert.equal(looks, 3);
  });

  it('ends with the reason of its signal', async () => {
    const clock = new VirtualClock();
    const abort = new AbortController();
    const failed = assert.rejects(
      until(() => false, { clock, what: 'nothing', limitMs: 1000, signal: abort.signal }),
      /interrupted/,
    );
    await clock.advance(10);
    abort.abort(new Error('interrupted'));
    await failed;
    assert.equal(clock.pending, 0);
  });

  it('passes on an error of the condition', async () => {
    const condition = (): boolean => {
      throw new Error('gone for good');
    };
    await assert.rejects(until(condition, { clock: new VirtualClock(), what: 'x', limitMs: 1000 }), /gone for good/);
  });
});
