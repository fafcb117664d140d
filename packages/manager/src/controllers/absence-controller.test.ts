import assert from 'node:assert/strict';
import { SeededRandom, silentLog, VirtualClock } from '@tessera/kit';
import { MemoryStore } from '../adapters/kv/memory/memory-store.js';
import { readyNode } from '../model/testing/builders.js';
import { KvClusterStore } from '../state/cluster-store.js';
import { LeasedPresence } from '../state/presence.js';
import { sealer } from '../state/testing/test-store.js';
import { AbsenceController } from './absence-controller.js';

describe('The controller of nodes whose manager is gone', () => {
  const clock = new VirtualClock();
  let store: KvClusterStore;
  let presence: LeasedPresence;
  let controller: AbsenceController;
  let otherLine: ReturnType<MemoryStore['connect']>;

  beforeEach(async () => {
    const memory = new MemoryStore({ clock });
    const environment = { clock, random: new SeededRandom(3), log: silentLog };
    const open = (kv: ReturnType<MemoryStore['connect']>) => KvClusterStore.open({ kv, ...environment, sealer });
    otherLine = memory.connect();
    store = await open(memory.connect());
    presence = new LeasedPresence({ kv: otherLine, store: await open(otherLine), ...environment });
    presence.start({ hostname: 'other', addresses: ['other:4600'], version: '1' });
    await clock.advanceUntil(() => presence.id !== undefined, 1_000);
    const session = { manager: presence.id ?? '', epoch: 1 };
    await store.commit([{ type: 'put', kind: 'nodes', object: { ...readyNode('n1'), session }, expect: 'absent' }]);
    controller = new AbsenceController({ store, ...environment });
    store.onChange((change) => controller.onChange(change));
    controller.start();
  });

  afterEach(async () => {
    await controller.stop();
    otherLine.setReachable(true);
    await otherLine.close();
  });

  const state = () => store.view.get('nodes', 'n1')?.status.state;

  it('judges none as long as the lease lasts', async () => {
    await clock.advance(60_000);
    assert.equal(state(), 'ready');
  });

  it('takes a node for down that came to no other manager within 10 s after the end of the lease', async () => {
    otherLine.setReachable(false);
    await clock.advance(12_500);
    assert.equal(state(), 'ready', 'the lease ended after 3 s at the latest, 10 s are not over');
    await clock.advance(1_500);
    assert.equal(state(), 'down');
  });

  it('leaves one alone that came to another manager in time, or to the same one under its new lease', async () => {
    const first = presence.id;
    otherLine.setReachable(false);
    await clock.advance(8_000);
    assert.equal(presence.id, undefined, 'its place was lost');
    otherLine.setReachable(true);
    await clock.advanceUntil(() => presence.id !== undefined, 5_000);
    assert.notEqual(presence.id, first);
    const node = store.view.get('nodes', 'n1');
    assert.ok(node);
    const session = { manager: presence.id ?? '', epoch: 2 };
    await store.commit([{ type: 'put', kind: 'nodes', object: { ...node, session }, expect: { revision: node.revision } }]);
    await clock.advance(30_000);
    assert.equal(state(), 'ready');
  });
});
