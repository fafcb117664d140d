import assert from 'node:assert/strict';
import { LinkWorld } from './link-world.js';
import { sampleNode, sampleService, sampleSpec, sampleStatus, sampleTask } from './sample.js';

describe('nodes whose sessions end', () => {
  let world: LinkWorld;

  beforeEach(async () => {
    world = await LinkWorld.make();
  });

  afterEach(() => world.close());

  it('takes a node that comes back in time for the same, and one that does not for down', async () => {
    const agent = await world.join('n1');
    await world.synced(agent);
    agent.pairs.at(-1)?.cut();
    await world.clock.advance(900);
    await world.synced(agent);
    assert.equal(world.node('n1')?.status.state, 'ready');
    world.reachable = false;
    agent.pairs.at(-1)?.cut();
    await world.clock.advance(9_000);
    assert.equal(world.node('n1')?.status.state, 'ready', 'as long as an agent may take to start anew');
    await world.clock.advance(1_500);
    assert.equal(world.node('n1')?.status.state, 'down');
    world.reachable = true;
    await world.clock.advanceUntil(() => world.node('n1')?.status.state === 'ready', 20_000);
  });

  it('notices a dead connection at both ends, though nobody closed it', async () => {
    const agent = await world.join('n1');
    await world.synced(agent);
    world.reachable = false;
    agent.pairs.at(-1)?.blackhole();
    await world.clock.advanceUntil(() => agent.session.state.name === 'connecting', 5_000);
    await world.clock.advanceUntil(() => world.node('n1')?.status.state === 'down', 6_000);
    assert.match(world.node('n1')?.status.message ?? '', /silent/);
  });

  it('outlasts a pause of the machine: nobody was silent, nobody listened', async () => {
    const agent = await world.join('n1');
    await world.synced(agent);
    const away = await world.join('n2');
    await world.synced(away);
    world.reachable = false;
    away.pairs.at(-1)?.cut();
    await world.clock.advance(1_000);
    await world.clock.pause(60_000);
    await world.clock.advance(1_000);
    assert.deepEqual([agent.session.state.name, world.node('n1')?.session?.epoch], ['open', 1]);
    assert.deepEqual([world.node('n1')?.status.state, world.node('n2')?.status.state], ['ready', 'ready']);
    await world.clock.advanceUntil(() => world.node('n2')?.status.state === 'down', 10_000);
  });

  it('serves nodes that come back after the manager was restarted, and judges none that it has never served', async () => {
    const stays = await world.join('n1');
    await world.put('nodes', { ...sampleNode('n2'), status: { state: 'ready', message: '', at: 1 } });
    await world.synced(stays);
    world.restartManager();
    await world.clock.advance(12_000);
    assert.deepEqual([world.node('n1')?.status.state, world.node('n2')?.status.state], ['ready', 'ready']);
    assert.deepEqual(world.node('n1')?.session, { manager: 'manager2', epoch: 2 });
    assert.equal(stays.core.replaced, 2);
  });

  it('leaves a node alone that has a session with another manager since', async () => {
    const agent = await world.join('n1');
    await world.synced(agent);
    world.reachable = false;
    agent.pairs.at(-1)?.cut();
    await world.clock.advance(1_000);
    const session = { manager: 'manager9', epoch: 2 };
    await world.put('nodes', { ...world.node('n1')!, session });
    await world.clock.advance(10_000);
    assert.deepEqual([world.node('n1')?.status.state, world.node('n1')?.session], ['ready', session]);
  });

  it('ends a session as soon as the node is with another manager, and takes nothing more from it', async () => {
    const service = sampleService('web', sampleSpec('web', []));
    await world.put('services', service);
    const agent = await world.join('n1');
    await world.put('tasks', sampleTask('t1', service, 'n1'));
    await world.synced(agent);
    world.reachable = false;
    agent.core.report('t1', sampleStatus('running'));
    await world.put('nodes', { ...world.node('n1')!, session: { manager: 'manager9', epoch: 2 } });
    await world.clock.advance(500);
    assert.equal(agent.session.state.name, 'connecting');
    assert.equal(world.task('t1')?.status.state, 'assigned');
  });

  it('serves nobody while the manager has lost its place, and everybody again under its new one', async () => {
    const agent = await world.join('n1');
    await world.synced(agent);
    world.presence.become(undefined);
    await world.clock.advance(8_000);
    assert.equal(agent.session.state.name, 'connecting');
    assert.equal(world.node('n1')?.status.state, 'ready', 'judging is for others now');
    world.presence.become('manager1b');
    await world.synced(agent);
    assert.equal(world.node('n1')?.session?.manager, 'manager1b');
  });
});
