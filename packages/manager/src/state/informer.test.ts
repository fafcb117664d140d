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
});
