import assert from 'node:assert/strict';
import type { ObjectChange, Service } from '@tessera/api';
import { deepFreeze } from '@tessera/kit';
import { MAX_VALUE_BYTES } from '../ports/kv.js';
import type { StoreChange } from '../ports/store.js';
import { ObjectCodec } from './codec.js';
import { frozenKv } from './testing/frozen-kv.js';
import { lossyKv } from './testing/lossy-kv.js';
import { memoryStore, openStore, sealer, someService } from './testing/test-store.js';

function create(service: Service): StoreChange {
  return { type: 'put', kind: 'services', object: service, expect: 'absent' };
}

function describeChange({ kind, id, object, revision }: ObjectChange): string {
  return `${object ? 'put' : 'delete'} ${kind}/${id} at ${revision}`;
}

for (const [values, keepsObjects] of [
  ['text', false],
  ['objects', true],
] as const) {
  describe(`The cluster store over a store of ${values}`, () => {
    it('has its own commit in the view at once, and tells of it once', async () => {
      const store = await openStore(memoryStore(keepsObjects).connect());
      const told: string[] = [];
      store.onChange((change) => told.push(describeChange(change)));
      const result = await store.commit([create(someService('a'))]);
      assert.ok(result.outcome === 'committed');
      assert.equal(store.view.get('services', 'a')?.revision, result.revision);
      await store.waitFor(result.revision);
      assert.deepEqual(told, [`put services/a at ${result.revision}`]);
    });

    it('tells of a deletion with the object as it was last, whoever deletes it', async () => {
      const memory = memoryStore(keepsObjects);
      const [one, other] = [await openStore(memory.connect()), await openStore(memory.connect())];
      const told: string[] = [];
      for (const store of [one, other])
        store.onChange(({ object }, gone) => void told.push(`${object ? 'put' : 'delete'} ${gone && (gone as Service).spec.name}`));
      await one.commit([create(someService('a', 'web'))]);
      await one.commit([{ type: 'delete', kind: 'services', id: 'a', expect: 'any' }]);
      await other.waitFor(memory.revision);
      assert.deepEqual(told.sort(), ['delete web', 'delete web', 'put undefined', 'put undefined']);
    });

    it('sees what another manager writes', async () => {
      const memory = memoryStore(keepsObjects);
      const [one, other] = [await openStore(memory.connect()), await openStore(memory.connect())];
      const result = await one.commit([create(someService('a', 'web'))]);
      assert.ok(result.outcome === 'committed');
      await other.waitFor(result.revision);
      assert.equal(other.view.byName('services', 'web')?.id, 'a');
    });

    it('writes nothing of a commit of which one part is out of date', async () => {
      const store = await openStore(memoryStore(keepsObjects).connect());
      await store.commit([create(someService('a'))]);
      const stale: StoreChange = { type: 'put', kind: 'services', object: someService('a'), expect: { revision: 1 } };
      assert.deepEqual(await store.commit([create(someService('b')), stale]), { outcome: 'conflict' });
      assert.equal(store.view.get('services', 'b'), undefined);
    });

    it('lets a name be taken once, and again when it was given up', async () => {
      const store = await openStore(memoryStore(keepsObjects).connect());
      await store.commit([create(someService('a', 'web'))]);
      await assert.rejects(store.commit([create(someService('b', 'web'))]), {
        code: 'already-exists',
        message: "a service named 'web' exists already",
      });
      const swap: StoreChange[] = [{ type: 'delete', kind: 'services', id: 'a', expect: 'any' }, create(someService('b', 'web'))];
      assert.equal((await store.commit(swap)).outcome, 'committed');
      assert.equal(store.view.byName('services', 'web')?.id, 'b');
      assert.deepEqual(
        await store.commit([{ type: 'delete', kind: 'services', id: 'b', expect: 'any' }]).then(({ outcome }) => outcome),
        'committed',
      );
      assert.equal((await store.commit([create(someService('c', 'web'))])).outcome, 'committed');
    });

    it('finds out that a commit whose answer was lost was carried out', async () => {
      const store = await openStore(lossyKv(memoryStore(keepsObjects).connect(), ['after-writing']));
      assert.equal((await store.commit([create(someService('a'))])).outcome, 'committed');
      assert.equal(store.view.get('services', 'a')?.id, 'a');
    });

    it('sends a commit again whose answer was lost and which was not carried out', async () => {
      const store = await openStore(lossyKv(memoryStore(keepsObjects).connect(), ['before-writing', 'before-writing']));
      assert.equal((await store.commit([create(someService('a'))])).outcome, 'committed');
    });

    it('says that it does not know when every answer is lost', async () => {
      const store = await openStore(
        lossyKv(
          memoryStore(keepsObjects).connect(),
          Array.from({ length: 4 }, () => 'before-writing' as const),
        ),
      );
      await assert.rejects(store.commit([create(someService('a'))]), {
        code: 'unavailable',
        message: 'the store did not say whether it wrote the change',
      });
    });

    it('writes a large batch but for the changes that are out of date', async () => {
      const store = await openStore(memoryStore(keepsObjects).connect());
      await store.commit([create(someService('s7')), create(someService('s150'))]);
      const changes = Array.from({ length: 300 }, (_, index) => create(someService(`s${index}`)));
      const { conflicts } = await store.commitBatch(changes);
      assert.deepEqual(conflicts, [changes[7], changes[150]]);
      assert.equal(store.view.count('services'), 300);
    });

    it('tells what was deleted when it lists again after its watch was compacted', async () => {
      const memory = memoryStore(keepsObjects);
      const kv = memory.connect();
      const [store, other] = [await openStore(kv), await openStore(memory.connect())];
      await store.commit([create(someService('a')), create(someService('b'))]);
      const told: string[] = [];
      store.onChange((change) => told.push(describeChange(change)));
      kv.setReachable(false);
      await other.commit([{ type: 'delete', kind: 'services', id: 'a', expect: 'any' }]);
      const result = await other.commit([create(someService('c'))]);
      assert.ok(result.outcome === 'committed');
      memory.compact(result.revision);
      kv.setReachable(true);
      await store.waitFor(result.revision);
      assert.deepEqual(told.toSorted(), [`delete services/a at ${result.revision}`, `put services/c at ${result.revision}`]);
    });

    it('refuses what a fence no longer allows, and says so of a whole batch', async () => {
      const memory = memoryStore(keepsObjects);
      const kv = memory.connect();
      const store = await openStore(kv);
      const { revision } = await kv.txn({ compares: [], ops: [{ type: 'put', key: 'lock', value: 'x' }] });
      const fenced = store.fenced(() => [{ key: 'lock', modRevision: revision }]);
      assert.equal((await fenced.commit([create(someService('a'))])).outcome, 'committed');
      await kv.txn({ compares: [], ops: [{ type: 'put', key: 'lock', value: 'y' }] });
      assert.deepEqual(await fenced.commit([create(someService('b'))]), { outcome: 'conflict' });
      const changes = [create(someService('c')), create(someService('d'))];
      assert.deepEqual((await fenced.commitBatch(changes)).conflicts, changes);
    });

    it('keeps the content of secrets sealed in the store and refuses what is too large', async () => {
      const memory = memoryStore(keepsObjects);
      const store = await openStore(memory.connect());
      const secret = { id: 'x', revision: 0, createdAt: 1, updatedAt: 1, secret: true, hash: '', data: 'aGlkZGVu' };
      await store.commit([{ type: 'put', kind: 'contents', object: secret, expect: 'absent' }]);
      assert.ok(!String(memory.get('tessera/v1/contents/x')!.value).includes('aGlkZGVu'));
      assert.equal((await openStore(memory.connect())).view.get('contents', 'x')?.data, 'aGlkZGVu');
      const large = { ...secret, id: 'y', secret: false, data: 'A'.repeat(MAX_VALUE_BYTES) };
      await assert.rejects(store.commit([{ type: 'put', kind: 'contents', object: large, expect: 'absent' }]), { code: 'too-large' });
    });
  });
}

describe('The cluster store over a store of objects', () => {
  it('leaves what it was given as it is', async () => {
    const store = await openStore(frozenKv(memoryStore(true).connect()));
    const service = deepFreeze(someService('a'));
    await store.commit([create(service)]);
    const before = store.view.get('services', 'a')!;
    await store.commit([{ type: 'put', kind: 'services', object: before, expect: { revision: before.revision } }]);
    assert.equal(service.revision, 0);
    assert.ok(store.view.get('services', 'a')!.revision > before.revision);
  });

  it('takes an object as it is that nobody else has', async () => {
    const store = await openStore(memoryStore(true).connect());
    const object = someService('a');
    const result = await store.commit([{ type: 'put', kind: 'services', object, expect: 'absent', isOwn: true }]);
    assert.equal(store.view.get('services', 'a'), object);
    assert.equal(result.outcome === 'committed' && result.revision, object.revision);
  });

  it('gives all managers the same objects', async () => {
    const memory = memoryStore(true);
    const [one, other] = [await openStore(memory.connect()), await openStore(memory.connect())];
    const result = await one.commit([create(someService('a'))]);
    assert.ok(result.outcome === 'committed');
    await other.waitFor(result.revision);
    const late = await openStore(memory.connect());
    for (const { view } of [other, late]) assert.equal(view.get('services', 'a'), one.view.get('services', 'a'));
  });

  it('keeps the revisions of an object apart that was written twice', () => {
    const codec = new ObjectCodec(sealer);
    const value = codec.encode('services', someService('a'));
    const first = codec.decode('services', value, 5);
    assert.deepEqual([first.revision, codec.decode('services', value, 7).revision, first.revision], [5, 7, 5]);
  });
});
