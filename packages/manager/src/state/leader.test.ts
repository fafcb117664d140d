import assert from 'node:assert/strict';
import { SeededRandom, silentLog, VirtualClock } from '@tessera/kit';
import type { MemoryKv } from '../adapters/kv/memory/memory-kv.js';
import { MemoryStore } from '../adapters/kv/memory/memory-store.js';
import { LeaderElection } from './leader.js';

describe('The election of a leader', () => {
  let clock: VirtualClock;
  let memory: MemoryStore;
  let leading: string[];
  const elections: LeaderElection[] = [];

  beforeEach(() => {
    clock = new VirtualClock();
    memory = new MemoryStore({ clock });
    leading = [];
  });
  afterEach(async () => {
    await Promise.all(elections.splice(0).map((election) => election.stop()));
  });

  const stand = (candidate: string): { election: LeaderElection; kv: MemoryKv } => {
    const kv = memory.connect();
    const lead = () => {
      leading.push(candidate);
      return { stop: () => void leading.splice(leading.indexOf(candidate), 1) };
    };
    const election = new LeaderElection({ kv, key: 'tessera/leader', candidate, clock, random: new SeededRandom(1), log: silentLog, lead });
    elections.push(election);
    election.start();
    return { election, kv };
  };

  it('is won by one alone', async () => {
    stand('a');
    stand('b');
    await clock.advance(10_000);
    assert.equal(leading.length, 1);
  });

  it('is waited for in peace when the history since the last one was compacted', async () => {
    const { election } = stand('a');
    await clock.advanceUntil(() => leading.includes('a'), 1_000);
    const line = memory.connect();
    for (const value of ['1', '2', '3']) await line.txn({ compares: [], ops: [{ type: 'put', key: 'other', value }] });
    await line.compact(memory.revision);
    const { kv } = stand('b');
    let reads = 0;
    // What reads and watches again and again without a pause never comes to an end.
    const count = <T>(read: () => Promise<T>): Promise<T> => (++reads > 10 ? new Promise<T>(() => {}) : read());
    const [get, range] = [kv.get.bind(kv), kv.range.bind(kv)];
    kv.get = (key) => count(() => get(key));
    kv.range = (prefix, options) => count(() => range(prefix, options));
    await clock.advance(60_000);
    assert.equal(reads, 0, 'after the first read, which found the leader, there is only the watch');
    await election.stop();
    await clock.advance(10);
    assert.deepEqual(leading, ['b']);
  });

  it('passes to another at once when the leader stops', async () => {
    const { election } = stand('a');
    await clock.advanceUntil(() => leading.includes('a'), 1_000);
    stand('b');
    await election.stop();
    await clock.advance(10);
    assert.deepEqual(leading, ['b']);
  });

  it('passes to another when the leader is cut off, after the old one has stopped', async () => {
    const { kv } = stand('a');
    await clock.advanceUntil(() => leading.includes('a'), 1_000);
    stand('b');
    await clock.advance(1_000);
    kv.setReachable(false);
    await clock.advanceUntil(() => {
      assert.ok(leading.length <= 1, 'two lead at a time');
      return leading.includes('b');
    }, 10_000);
    kv.setReachable(true);
    await clock.advance(10_000);
    assert.deepEqual(leading, ['b']);
  });
});
