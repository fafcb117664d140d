import assert from 'node:assert/strict';
import { silentLog, VirtualClock } from '@tessera/kit';
import { KvError } from '../ports/kv.js';
import { Compactor, planCompaction } from './compactor.js';

const INTERVAL_MS = 300_000;

describe('planCompaction', () => {
  it('lets go what is older than one interval', () => {
    assert.equal(planCompaction(50_000, 90_000, 0), 50_000);
  });

  it('keeps the newest 10,000 revisions, however fast they came', () => {
    assert.equal(planCompaction(50_000, 55_000, 0), 45_000);
    assert.equal(planCompaction(500, 9_000, 0), undefined);
  });

  it('gives nothing when that much was compacted already', () => {
    assert.equal(planCompaction(50_000, 90_000, 50_000), undefined);
  });
});

describe('Compactor', () => {
  let clock: VirtualClock;
  let revision: number;
  let failure: Error | undefined;
  let compacted: number[];
  let compactor: Compactor;

  beforeEach(() => {
    clock = new VirtualClock();
    revision = 20_000;
    failure = undefined;
    compacted = [];
    const compact = async (to: number): Promise<void> => {
      compacted.push(to);
      if (failure) throw failure;
    };
    compactor = new Compactor({ kv: { compact }, revision: () => revision, clock, log: silentLog });
  });
  afterEach(() => compactor.stop());

  it('compacts each interval to what was there an interval before', async () => {
    await clock.advance(INTERVAL_MS - 1);
    assert.deepEqual(compacted, []);
    revision = 50_000;
    await clock.advance(1);
    revision = 90_000;
    await clock.advance(INTERVAL_MS);
    assert.deepEqual(compacted, [20_000, 50_000]);
    await clock.advance(2 * INTERVAL_MS);
    assert.deepEqual(compacted, [20_000, 50_000, 80_000]);
  });

  it('tries again after a failure, but not what was compacted by another', async () => {
    revision = 50_000;
    failure = new KvError('unavailable', 'etcd is away');
    await clock.advance(INTERVAL_MS);
    failure = new KvError('compacted', 'already');
    await clock.advance(INTERVAL_MS);
    await clock.advance(INTERVAL_MS);
    assert.deepEqual(compacted, [20_000, 40_000]);
  });

  it('does nothing once it is stopped', async () => {
    revision = 50_000;
    await compactor.stop();
    await clock.advance(2 * INTERVAL_MS);
    assert.deepEqual(compacted, []);
    assert.equal(clock.pending, 0);
  });
});
