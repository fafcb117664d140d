import assert from 'node:assert/strict';
import { VirtualClock } from '@tessera/kit';
import type { KvTxn } from '../../../ports/kv.js';
import type { MemoryKv } from './memory-kv.js';
import { MemoryStore } from './memory-store.js';

function put(key: string, value = ''): KvTxn {
  return { compares: [], ops: [{ type: 'put', key, value }] };
}

/** Collects the revisions that a watch of everything delivers. */
function watchAll(kv: MemoryKv): number[] {
  const revisions: number[] = [];
  kv.watch('', { fromRevision: 1, onEvents: (_events, revision) => revisions.push(revision), onEnd: () => {} });
  return revisions;
}

describe('MemoryStore', () => {
  let clock: VirtualClock;
  let store: MemoryStore;
  let kv: MemoryKv;
  beforeEach(() => {
    clock = new VirtualClock();
    store = new MemoryStore({ clock });
    kv = store.connect();
  });

  it('shows a commit to every watch before the writer gets its answer', async () => {
    const other = store.connect();
    const seen = [watchAll(kv), watchAll(other)];
    const { revision } = await kv.txn(put('a'));
    assert.deepEqual(seen, [[revision], [revision]]);
  });

  it('takes effect in the order of the calls', async () => {
    const other = store.connect();
    const results = await Promise.all([kv.txn(put('a', '1')), other.txn(put('a', '2')), kv.txn(put('a', '3'))]);
    assert.deepEqual(
      results.map((result) => result.revision),
      [2, 3, 4],
    );
    assert.equal((await other.get('a'))?.value, '3');
  });

  it('refuses calls over a line that is cut, and lets the watch catch up once it is mended', async () => {
    const other = store.connect();
    const seen = watchAll(other);
    await kv.txn(put('a'));
    other.setReachable(false);
    await assert.rejects(other.txn(put('b')), { code: 'unavailable' });
    await assert.rejects(other.get('a'), { code: 'unavailable' });
    await kv.txn(put('c'));
    await kv.txn(put('d'));
    assert.deepEqual(seen, [2]);
    other.setReachable(true);
    await clock.advance(0);
    assert.deepEqual(seen, [2, 4]);
    assert.equal(await other.get('b'), undefined);
  });

  it('ends a lease of a holder that is cut off, after the holder knows', async () => {
    const lease = await kv.grantLease(3_000);
    await kv.txn({ compares: [], ops: [{ type: 'put', key: 'leader', value: 'me', leaseId: lease.id }] });
    let lostAtMs = 0;
    void lease.lost.then(() => {
      lostAtMs = clock.monotonic();
    });
    const other = store.connect();
    let goneAtMs = 0;
    other.watch('leader', {
      fromRevision: 3,
      onEvents: () => {
        goneAtMs = clock.monotonic();
      },
      onEnd: () => {},
    });
    kv.setReachable(false);
    await clock.advance(10_000);
    assert.deepEqual([lostAtMs, goneAtMs], [2_400, 3_000]);
  });

  it('leaves no timer behind when its connections and leases have ended', async () => {
    const lease = await kv.grantLease(3_000);
    await kv.grantLease(5_000);
    await lease.revoke();
    await kv.close();
    await clock.advance(5_000);
    assert.equal(clock.pending, 0);
  });

  it('forgets old revisions by itself', async () => {
    for (let count = 0; count < 11_500; count++) await kv.txn(put(`k${count % 7}`));
    await assert.rejects(kv.range('', { revision: 2 }), { code: 'compacted' });
    assert.equal((await kv.range('', { revision: store.revision - 10_000 })).entries.length, 7);
  });
});
