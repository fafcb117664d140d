import assert from 'node:assert/strict';
import { ApiError } from '@tessera/api';
import type { MemoryKv } from '../adapters/kv/memory/memory-kv.js';
import type { MemoryStore } from '../adapters/kv/memory/memory-store.js';
import type { KvClusterStore } from './cluster-store.js';
import { clock, memoryStore, openStore, someService } from './testing/test-store.js';

describe('Catching up with the store', () => {
  let memory: MemoryStore;
  let line: MemoryKv;
  let store: KvClusterStore;
  let other: KvClusterStore;

  beforeEach(async () => {
    memory = memoryStore();
    line = memory.connect();
    [store, other] = [await openStore(line), await openStore(memory.connect())];
  });

  it('shows what others have written before', async () => {
    await other.commit([{ type: 'put', kind: 'services', object: someService('web'), expect: 'absent' }]);
    await store.catchUp();
    assert.ok(store.view.get('services', 'web'));
  });

  it('fails where the store cannot be reached: an old view must not be taken for the state', async () => {
    line.setReachable(false);
    await assert.rejects(store.catchUp(), (error) => error instanceof ApiError && error.code === 'unavailable');
  });

  it('is one mark for all that ask at the same time, and another for those who ask while it is under way', async () => {
    const before = memory.revision;
    await Promise.all([store.catchUp(), store.catchUp(), store.catchUp(), store.catchUp()]);
    assert.equal(memory.revision - before, 2);
    await store.catchUp();
    assert.equal(memory.revision - before, 3);
  });

  after(() => clock.advance(10_000));
});
