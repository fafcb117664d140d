import assert from 'node:assert/strict';
import type { KvLease } from '@tessera/manager/ports/kv';
import type { KvSubject } from './harness.js';
import { currentRevision, put, Recorder, write } from './recorder.js';

const TTL_MS = 1_000;
/** etcd rounds a short time to live up, and looks for expired leases twice a second. */
const EXPIRY_LIMIT_MS = 8_000;

function isSettled(promise: Promise<void>): () => boolean {
  let settled = false;
  void promise.then(() => {
    settled = true;
  });
  return () => settled;
}

export function leaseCases(subject: KvSubject): void {
  const attach = async (lease: KvLease, keys: readonly string[]): Promise<void> => {
    await subject.kv.txn({ compares: [], ops: keys.map((key) => put(key, 'held', lease.id)) });
  };

  it('shows the lease in the entry, until the key is written without it', async () => {
    const lease = await subject.kv.grantLease(TTL_MS);
    await attach(lease, ['a']);
    assert.equal((await subject.kv.get('a'))?.leaseId, lease.id);
    assert.ok(lease.ttlMs >= TTL_MS);
    await write(subject.kv, 'a', 'free');
    assert.equal('leaseId' in ((await subject.kv.get('a')) ?? {}), false);
    await lease.revoke();
    assert.equal((await subject.kv.get('a'))?.value, 'free');
  });

  it('deletes its keys at one revision when it is revoked, and watches see it', async () => {
    const lease = await subject.kv.grantLease(TTL_MS);
    await attach(lease, ['b', 'a']);
    await write(subject.kv, 'c', 'stays');
    const before = await currentRevision(subject.kv);
    const recorder = new Recorder(subject.kv, '', before + 1);
    await lease.revoke();
    await lease.lost;
    await subject.harness.until(() => recorder.events.length >= 2, 'both deletes');
    assert.deepEqual(recorder.texts, ['delete a', 'delete b']);
    assert.equal(await currentRevision(subject.kv), before + 1);
    await assert.rejects(attach(lease, ['d']), { name: 'KvError', code: 'lease-not-found' });
    await lease.revoke();
  });

  it('lives for longer than its time as long as its holder does', async () => {
    const lease = await subject.kv.grantLease(TTL_MS);
    await attach(lease, ['a']);
    const isLost = isSettled(lease.lost);
    await subject.harness.pass(2 * lease.ttlMs);
    assert.equal(isLost(), false);
    assert.equal((await subject.kv.get('a'))?.value, 'held');
  });

  it('is lost at close, and its keys vanish when its time is over', async () => {
    const lease = await subject.kv.grantLease(TTL_MS);
    await attach(lease, ['a', 'b']);
    const again = await subject.harness.reopen(subject.kv);
    await lease.lost;
    const revision = await currentRevision(again);
    assert.equal((await again.get('a'))?.leaseId, lease.id);
    const recorder = new Recorder(again, '', revision + 1);
    await subject.harness.until(() => recorder.events.length >= 2, 'both deletes', EXPIRY_LIMIT_MS);
    assert.deepEqual(recorder.texts, ['delete a', 'delete b']);
    assert.deepEqual((await again.range('')).entries, []);
  });

  it('refuses a time to live that is not positive', async () => {
    for (const ttlMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      await assert.rejects(subject.kv.grantLease(ttlMs), { name: 'KvError', code: 'invalid' });
    }
  });
}

/** For stores whose harness can cut the line. */
export function lineCases(subject: KvSubject): void {
  it('is lost before it expires when it cannot be renewed', async () => {
    const lease = await subject.kv.grantLease(TTL_MS);
    await write(subject.kv, 'a', 'held', lease.id);
    const isLost = isSettled(lease.lost);
    subject.harness.cut?.();
    await subject.harness.until(isLost, 'the loss', lease.ttlMs);
    subject.harness.mend?.();
    await subject.harness.until(async () => (await reachable(subject)) === 'held', 'the key after the loss', 1_000);
    await subject.harness.until(async () => (await reachable(subject)) === 'gone', 'the expiry', EXPIRY_LIMIT_MS);
  });
}

async function reachable(subject: KvSubject): Promise<string> {
  try {
    return (await subject.kv.get('a')) ? 'held' : 'gone';
  } catch {
    return 'unreachable';
  }
}
