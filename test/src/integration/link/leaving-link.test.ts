import assert from 'node:assert/strict';
import type { ServiceEndpoints, TaskAssignment } from '@tessera/api';
import { type LinkAgent, LinkWorld } from './link-world.js';
import { sampleBlock, sampleNetwork, sampleNode, sampleRevision, sampleService, sampleSpec, sampleStatus, sampleTask } from './sample.js';

const TICK_MS = 200;
const LEAVE_LIMIT_MS = 12_000;

/** A task runs on n1; n1 and n2 send clients to it. */
describe('a task that leaves', () => {
  let world: LinkWorld;
  let first: LinkAgent;
  let second: LinkAgent;

  beforeEach(async () => {
    world = await LinkWorld.make();
    const service = sampleService('web', sampleSpec('web', ['front']));
    await world.put('networks', sampleNetwork('front', 5));
    await world.put('services', service);
    await world.put('revisions', sampleRevision('web', service.spec));
    await world.put('blocks', sampleBlock('front', 'n1', '10.100.5.0/26'), sampleBlock('front', 'n2', '10.100.6.0/26'));
    const status = sampleStatus('running', { addresses: { front: '10.100.5.2' } });
    await world.put('tasks', sampleTask('t1', service, 'n1', { status }));
    [first, second] = [await world.join('n1'), await world.join('n2')];
    for (const agent of [first, second]) {
      await world.synced(agent);
      agent.core.isApplying = false;
    }
  });

  afterEach(() => world.close());

  const assignment = (): TaskAssignment => first.core.merged.tasks.get('t1') as TaskAssignment;
  const endpoints = ({ core }: LinkAgent): number =>
    [...core.merged.services.values()].reduce((sum, item) => sum + (item as ServiceEndpoints).endpoints.length, 0);

  async function leave(): Promise<void> {
    assert.deepEqual([endpoints(first), endpoints(second)], [1, 1]);
    await world.put('tasks', { ...world.task('t1')!, desired: 'shutdown' });
    await world.clock.advance(TICK_MS);
  }

  it('is out of every node’s set at once, and held until each has applied that (moby/moby 30321: connections dropped)', async () => {
    await leave();
    assert.deepEqual([endpoints(first), endpoints(second)], [0, 0]);
    assert.deepEqual([assignment().desired, assignment().holdMs], ['shutdown', LEAVE_LIMIT_MS + 1_000]);
    first.core.apply();
    await world.clock.advance(TICK_MS);
    assert.notEqual(assignment().holdMs, undefined);
    second.core.apply();
    await world.clock.advance(TICK_MS);
    assert.deepEqual([assignment().desired, assignment().holdMs], ['shutdown', undefined]);
  });

  it('is not held for longer than the limit by a node that does not apply anything', async () => {
    await leave();
    first.core.apply();
    await world.clock.advance(LEAVE_LIMIT_MS);
    assert.equal(assignment().holdMs, undefined);
  });

  it('is held by what a node applies in its next session when it connects anew', async () => {
    await leave();
    first.core.apply();
    second.pairs.at(-1)?.cut();
    await world.clock.advanceUntil(() => second.core.replaced === 2, LEAVE_LIMIT_MS, 'the next session');
    await world.clock.advance(TICK_MS);
    assert.notEqual(assignment().holdMs, undefined);
    second.core.apply();
    await world.clock.advance(TICK_MS);
    assert.equal(assignment().holdMs, undefined);
  });

  it('is held while the agent of a node is away, whose kernel still sends it clients, until that node is down', async () => {
    world.reachable = false;
    second.pairs.at(-1)?.cut();
    await leave();
    first.core.apply();
    await world.clock.advance(TICK_MS);
    assert.notEqual(assignment().holdMs, undefined);
    await world.clock.advanceUntil(() => world.node('n2')?.status.state === 'down', LEAVE_LIMIT_MS, 'the node to be down');
    await world.clock.advance(TICK_MS);
    assert.equal(assignment().holdMs, undefined);
  });

  it('is held anew by a manager that has just started, until the nodes have applied what it sends', async () => {
    await leave();
    world.restartManager();
    for (const agent of [first, second]) await world.clock.advanceUntil(() => agent.core.replaced === 2, 20_000, 'the new manager');
    await world.clock.advance(TICK_MS);
    assert.notEqual(assignment().holdMs, undefined);
    for (const { core } of [first, second]) core.apply();
    await world.clock.advance(TICK_MS + 500);
    assert.equal(assignment().holdMs, undefined);
  });

  it('is not held when it took no traffic', async () => {
    await world.put('tasks', { ...world.task('t1')!, status: { ...world.task('t1')!.status, health: 'starting' } });
    await world.clock.advance(TICK_MS);
    await world.put('tasks', { ...world.task('t1')!, desired: 'shutdown' });
    await world.clock.advance(TICK_MS);
    assert.deepEqual([assignment().desired, assignment().holdMs], ['shutdown', undefined]);
  });

  describe('while another manager serves one of the nodes', () => {
    let third: LinkAgent;

    beforeEach(async () => {
      const manager = { id: 'other', revision: 1, createdAt: 0, updatedAt: 0, hostname: 'other', addresses: [], version: '1' };
      await world.put('managers', manager, { ...manager, id: world.presence.id ?? '' });
      await world.put('blocks', sampleBlock('front', 'n3', '10.100.7.0/26'));
      await world.put('nodes', sampleNode('n3'));
      third = world.startAgent('n3', 1, await world.addManager('other'));
      await world.synced(third);
      third.core.isApplying = false;
      first.core.apply();
      second.core.apply();
    });

    it('is held until that node, too, has applied that it takes no traffic, however long it takes', async () => {
      assert.equal(world.node('n3')?.session?.manager, 'other');
      await leave();
      first.core.apply();
      second.core.apply();
      await world.clock.advance(LEAVE_LIMIT_MS / 2);
      assert.deepEqual([endpoints(third), assignment().holdMs !== undefined], [0, true]);
      third.core.apply();
      await world.clock.advance(TICK_MS);
      assert.equal(assignment().holdMs, undefined);
    });

    it('is let go at once when that node has been faster', async () => {
      await leave();
      third.core.apply();
      await world.clock.advance(TICK_MS);
      assert.notEqual(assignment().holdMs, undefined);
      first.core.apply();
      second.core.apply();
      await world.clock.advance(TICK_MS);
      assert.equal(assignment().holdMs, undefined);
    });
  });
});
