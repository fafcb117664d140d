import assert from 'node:assert/strict';
import { ApiError, type Node } from '@tessera/api';
import { silentLog, VirtualClock } from '@tessera/kit';
import { IndexedView } from '../../model/view.js';
import type { ClusterStore, StoreChange } from '../../ports/store.js';
import { type Update, UpdateQueue } from './update-queue.js';

/** A store whose next answers are scripted: it conflicts, is away or refuses, and else writes to its view. */
class ScriptedStore implements Pick<ClusterStore, 'view' | 'commitBatch'> {
  readonly view = new IndexedView();
  readonly batches: StoreChange[][] = [];
  /** Called before each batch; may change the view or throw. */
  before: (changes: readonly StoreChange[]) => void = () => {};
  #revision = 10;

  put(object: Node): void {
    this.#revision += 1;
    this.view.apply({ kind: 'nodes', id: object.id, object: { ...object, revision: this.#revision }, revision: this.#revision });
  }

  async commitBatch(changes: readonly StoreChange[]): Promise<{ revision: number; conflicts: StoreChange[] }> {
    this.before(changes);
    this.batches.push([...changes]);
    const conflicts = changes.filter((change) => !this.#write(change));
    return { revision: this.#revision, conflicts };
  }

  #write(change: StoreChange): boolean {
    if (change.type !== 'put' || change.kind !== 'nodes' || typeof change.expect === 'string') return false;
    if (this.view.get('nodes', change.object.id)?.revision !== change.expect.revision) return false;
    this.put(change.object);
    return true;
  }
}

function node(id: string): Node {
  return {
    id,
    revision: 0,
    createdAt: 1,
    updatedAt: 1,
    name: id,
    spec: { availability: 'active', labels: {}, role: 'worker' },
    status: { state: 'unknown', message: '', at: 1 },
  };
}

describe('UpdateQueue', () => {
  let store: ScriptedStore;
  let clock: VirtualClock;
  let queue: UpdateQueue;

  beforeEach(() => {
    store = new ScriptedStore();
    clock = new VirtualClock();
    queue = new UpdateQueue({ store: store as unknown as ClusterStore, clock, log: silentLog, tickMs: 10 });
  });

  const ready = (id: string, message = 'here'): Update => ({
    kind: 'nodes',
    id,
    apply: (object) => object && { ...(object as Node), status: { state: 'ready', message, at: 2 } },
  });

  it('writes the updates of one tick together', async () => {
    for (const id of ['a', 'b', 'c']) store.put(node(id));
    const done = Promise.all(['a', 'b', 'c'].map((id) => queue.submit([ready(id)])));
    await clock.advance(20);
    await done;
    assert.deepEqual(
      store.batches.map((batch) => batch.length),
      [3],
    );
  });

  it('makes several updates of one object one write, in order', async () => {
    store.put(node('a'));
    const done = queue.submit([ready('a', 'first'), ready('a', 'second')]);
    await clock.advance(20);
    await done;
    assert.equal(store.batches.length, 1);
    assert.equal(store.view.get('nodes', 'a')?.status.message, 'second');
  });

  it('makes an update again on what somebody else wrote meanwhile', async () => {
    store.put(node('a'));
    store.before = () => {
      store.before = () => {};
      store.put({ ...node('a'), spec: { availability: 'drain', labels: {}, role: 'worker' } });
    };
    const done = queue.submit([ready('a')]);
    await clock.advance(100);
    await done;
    const stored = store.view.get('nodes', 'a');
    assert.deepEqual([stored?.spec.availability, stored?.status.state], ['drain', 'ready']);
  });

  it('waits while the store is away', async () => {
    store.put(node('a'));
    store.before = () => {
      throw new ApiError('unavailable', 'away');
    };
    let isDone = false;
    void queue.submit([ready('a')]).then(() => {
      isDone = true;
    });
    await clock.advance(5_000);
    assert.equal(isDone, false);
    store.before = () => {};
    await clock.advance(3_000);
    assert.equal(isDone, true);
  });

  it('leaves out the one update that the store refuses', async () => {
    for (const id of ['a', 'b']) store.put(node(id));
    store.before = (changes) => {
      if (changes.some((change) => change.type === 'put' && change.object.id === 'a')) throw new ApiError('too-large', 'never');
    };
    const done = queue.submit([ready('a'), ready('b')]);
    await clock.advance(100);
    await done;
    assert.equal(store.view.get('nodes', 'b')?.status.state, 'ready');
    assert.equal(store.view.get('nodes', 'a')?.status.state, 'unknown');
  });

  it('writes nothing for an update of nothing', async () => {
    const done = queue.submit([ready('ghost')]);
    await clock.advance(20);
    await done;
    assert.equal(store.batches.length, 0);
  });

  it('writes what waits when it is stopped, and says what it could not write', async () => {
    store.put(node('a'));
    const written = queue.submit([ready('a')]);
    await queue.stop();
    await written;
    assert.equal(store.view.get('nodes', 'a')?.status.state, 'ready');
    store.before = () => {
      throw new ApiError('unavailable', 'away');
    };
    await assert.rejects(queue.submit([ready('a', 'again')]), /stopped before the store took/);
  });
});
