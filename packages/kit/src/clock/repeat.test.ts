import assert from 'node:assert/strict';
import { repeat } from './repeat.js';
import { VirtualClock } from './virtual-clock.js';

describe('repeat', () => {
  it('calls in each period until it is cancelled, also from within', async () => {
    const clock = new VirtualClock();
    const calls: number[] = [];
    const repeated = repeat(clock, 100, () => {
      if (calls.push(clock.monotonic()) === 3) repeated.cancel();
    });
    await clock.advance(1_000);
    assert.deepEqual([calls, clock.pending], [[100, 200, 300], 0]);
    repeat(clock, 100, () => assert.fail()).cancel();
    await clock.advance(1_000);
  });

  it('tells how late it is when the process was paused, and goes on from there', async () => {
    const clock = new VirtualClock();
    const calls: Array<[number, number]> = [];
    const repeated = repeat(clock, 100, (lateMs) => calls.push([clock.monotonic(), lateMs]));
    await clock.advance(150);
    await clock.pause(1_000);
    await clock.advance(100);
    repeated.cancel();
    assert.deepEqual(calls, [
      [100, 0],
      [1_150, 950],
      [1_250, 0],
    ]);
  });
});
