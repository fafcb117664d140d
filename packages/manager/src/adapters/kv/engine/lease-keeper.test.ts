import assert from 'node:assert/strict';
import { VirtualClock } from '@tessera/kit';
import { KvError } from '../../../ports/kv.js';
import { LeaseKeeper } from './lease-keeper.js';

/** A keeper of a lease of 3 s, whose store answers as `answer` says. */
function keeperOf(clock: VirtualClock, answer: () => Promise<boolean>) {
  const renewals: number[] = [];
  let lostAtMs: number | undefined;
  const keeper = new LeaseKeeper({
    id: '7',
    ttlMs: 3_000,
    clock,
    grantedAtMs: clock.monotonic(),
    renew: () => {
      renewals.push(clock.monotonic());
      return answer();
    },
    revoke: async () => {},
    onStop: () => {
      lostAtMs = clock.monotonic();
    },
  });
  return { keeper, renewals, lostAtMs: () => lostAtMs };
}

describe('LeaseKeeper', () => {
  let clock: VirtualClock;
  beforeEach(() => {
    clock = new VirtualClock();
  });

  it('renews three times in each time to live and is never lost meanwhile', async () => {
    const { keeper, renewals, lostAtMs } = keeperOf(clock, async () => true);
    await clock.advance(9_500);
    assert.deepEqual(renewals, [1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000, 9_000]);
    assert.equal(lostAtMs(), undefined);
    keeper.stop();
    assert.equal(clock.pending, 0);
  });

  it('is lost a fifth of its time before the store lets it go when nobody answers', async () => {
    const { keeper, lostAtMs } = keeperOf(clock, () => Promise.reject(new KvError('unavailable', 'away')));
    await clock.advance(3_000);
    await keeper.lost;
    assert.equal(lostAtMs(), 2_400);
    assert.equal(clock.pending, 0);
  });

  it('is lost in time when a renewal hangs', async () => {
    const { lostAtMs } = keeperOf(clock, () => new Promise(() => {}));
    await clock.advance(3_000);
    assert.equal(lostAtMs(), 2_400);
  });

  it('counts from when a renewal was asked for, not from its answer', async () => {
    let answer = (_renewed: boolean): void => {};
    const { lostAtMs } = keeperOf(
      clock,
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    await clock.advance(1_900);
    answer(true);
    await clock.advance(3_000);
    assert.equal(lostAtMs(), 1_000 + 2_400);
  });

  it('is lost at once when the store says that the lease has ended', async () => {
    const { lostAtMs } = keeperOf(clock, async () => false);
    await clock.advance(1_500);
    assert.equal(lostAtMs(), 1_000);
  });

  it('tries again soon after a failure and recovers', async () => {
    let failures = 2;
    const { renewals, lostAtMs } = keeperOf(clock, async () => {
      if (failures-- > 0) throw new KvError('unavailable', 'away');
      return true;
    });
    await clock.advance(3_600);
    assert.deepEqual(renewals, [1_000, 1_250, 1_500, 2_500, 3_500]);
    assert.equal(lostAtMs(), undefined);
  });
});
