import assert from 'node:assert/strict';
import { SystemClock, until } from '@tessera/kit';
import { EtcdServer } from '../../support/etcd.js';
import { service, stack, TestManager } from './test-manager.js';

describe('Two managers on one etcd', () => {
  let etcd: EtcdServer;
  let one: TestManager;
  let other: TestManager;

  before(async () => {
    etcd = await EtcdServer.start();
    one = await TestManager.start({ store: `etcd://${etcd.host}` });
    other = await one.twin();
  });
  after(async () => {
    await other?.stop();
    await one?.remove();
    await etcd?.stop();
  });

  const isLeader = async (manager: TestManager): Promise<boolean> => (await manager.client().call('getInfo', {})).leader;

  it('serve the same state, are led by one, and go on when it stops', async () => {
    const spec = stack('shared', { services: [service('shared_web')] });
    await one.client().call('deployStack', { params: { ref: 'shared' }, query: { prune: false }, body: spec });
    const wait = { clock: new SystemClock(), limitMs: 10_000 };
    const seenByOther = (): Promise<boolean> =>
      other
        .client()
        .call('getStack', { params: { ref: 'shared' } })
        .then(({ services }) => services.length === 1)
        .catch((error: { code?: string }) => {
          if (error.code === 'not-found') return false;
          throw error;
        });
    await until(seenByOther, { ...wait, what: 'the other manager to see the deploy' });

    await until(async () => (await isLeader(one)) || (await isLeader(other)), { ...wait, what: 'a leader' });
    const [leader, follower] = (await isLeader(one)) ? [one, other] : [other, one];
    assert.equal(await isLeader(follower), false);
    await leader.stop();
    await until(() => isLeader(follower), { ...wait, what: 'the follower to lead' });
    const scaled = await follower.client().call('scaleService', { params: { ref: 'shared_web' }, body: { replicas: 2 } });
    assert.deepEqual(scaled.spec.mode, { kind: 'replicated', replicas: 2 });
  });
});
