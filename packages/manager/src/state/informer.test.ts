import assert from 'node:assert/strict';
import type { Kv } from '../ports/kv.js';
import { memoryStore, openStore, someService } from './testing/test-store.js';

/** A connection whose answers to txns come late: after `meanwhile`, and after the watch has told of it. */
function lateKv(kv: Kv, meanwhile: () => Promise<unknown>): Kv {
  return {
    keepsObjects: kv.keepsObjects,
    get: (key) => kv.get(key),
    range: (prefix, options) => kv.range(prefix, options),
    txn: async (txn) => {
      const result = await kv.txn(txn);
      await meanwhile();
      return result;
    },
    watch: (prefix, options) => kv.watch(prefix, options),
    grantLease: (ttlMs) => kv.grantLease(ttlMs),
    compact: (revision) => kv.compact(revision),
    close: () => kv.close(),
  };
}

/** A connection whose watch tells nothing by itself: what it has to tell is added to `told`. */
function deafKv(kv: Kv, told: (() => void)[]): Kv {
  return {
    ...lateKv(kv, async () => {}),
    watch: (prefix, options) =>
      kv.watch(prefix, { ...options, onEvents: (events, revision) => void told.push(() => options.onEvents(events, revision)) }),
  };
}

describe('The view', () => {
  it('does not bring back what another manager deleted before the answer to our own commit came', async () => {
    const memory = memoryStore();
    const other = await openStore(memory.connect());
    const remove = () => other.commit([{ type: 'delete', kind: 'services', id: 'a', expect: 'any' }]);
    const store = await openStore(lateKv(memory.connect(), remove));
    await store.commit([{ type: 'put', kind: 'services', object: someService('a'), expect: 'absent' }]);
    await store.waitFor(memory.revision);
    assert.equal(other.view.get('services', 'a'), undefined);
    assert.equal(store.view.get('services', 'a'), undefined);
  });

  it('does not say that it has what others wrote before our own commit, while the watch has not told of that', async () => {
    const memory = memoryStore();
    const other = await openStore(memory.connect());
    const told: (() => void)[] = [];
    const store = await openStore(deafKv(memory.connect(), told));
    await other.commit([{ type: 'put', kind: 'services', object: someService('a'), expect: 'absent' }]);
    await store.commit([{ type: 'put', kind: 'services', object: someService('b'), expect: 'absent' }]);
    assert.deepEqual(
      [...store.view.all('services')].map(({ id }) => id),
      ['b'],
    );
    assert.ok(store.view.revision < memory.revision - 1);
    await other.waitFor(memory.revision);
    for (const tell of told) tell();
    assert.deepEqual([...store.view.all('services')].map(({ id }) => id).sort(), ['a', 'b']);
    assert.equal(store.view.revision, memory.revision);
  });
});
