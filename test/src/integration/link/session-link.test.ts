import assert from 'node:assert/strict';
import { startSessionOver } from '@tessera/agent/session/index';
import type { LogFrame } from '@tessera/api';
import { silentLog, sleep, socketPair } from '@tessera/kit';
import { LinkWorld } from './link-world.js';
import { RecordingCore } from './recording-core.js';
import {
  sampleBlock,
  sampleContent,
  sampleDescription,
  sampleNetwork,
  sampleNode,
  sampleRevision,
  sampleService,
  sampleSpec,
  sampleStatus,
  sampleTask,
} from './sample.js';

describe('link between manager and agent', () => {
  let world: LinkWorld;
  const service = sampleService('web', sampleSpec('web', ['front'], { secrets: ['key'] }));

  beforeEach(async () => {
    world = await LinkWorld.make();
    await world.put('networks', sampleNetwork('front', 5));
    await world.put('contents', sampleContent('secrets', 'key', 'hidden'));
    await world.put('services', service);
    await world.put('revisions', sampleRevision('web', service.spec));
  });

  afterEach(() => world.close());

  it('makes the node ready, stores its description and sends what it must run, with its secrets', async () => {
    await world.put('tasks', sampleTask('t1', service, 'n1'));
    await world.put('blocks', sampleBlock('front', 'n1', '10.100.5.0/26'));
    const agent = await world.join('n1');
    await world.synced(agent);
    assert.equal(world.node('n1')?.status.state, 'ready');
    assert.equal(world.node('n1')?.description?.address, '192.0.2.1');
    assert.deepEqual([...agent.core.merged.tasks.keys()], ['t1']);
    assert.equal(agent.core.merged.files.size, 1);
    assert.deepEqual(agent.core.sorted(), world.expected('n1'));
  });

  it('waits for an agent that takes long to look at its host', async () => {
    await world.put('nodes', sampleNode('n1'));
    const agent = world.startAgent('n1');
    agent.core.looked = sleep(world.clock, 10_000);
    await world.synced(agent);
    assert.equal(world.node('n1')?.status.state, 'ready');
    assert.equal(agent.pairs.length, 1, 'by its first connection');
  });

  it('sends a secret only to the nodes whose tasks mount it', async () => {
    const [first, second] = [await world.join('n1'), await world.join('n2')];
    await world.put('tasks', sampleTask('t1', service, 'n1'));
    await world.synced(first);
    await world.synced(second);
    assert.equal(first.core.merged.files.size, 1);
    assert.equal(second.core.merged.files.size, 0);
    await world.put('tasks', { ...world.task('t1')!, desired: 'shutdown', status: sampleStatus('shutdown') });
    await world.clock.advance(200);
    assert.equal(first.core.merged.files.size, 0, 'the secret goes with the task');
  });

  it('gathers changes of one tick into one delta', async () => {
    const agent = await world.join('n1');
    await world.synced(agent);
    for (let slot = 1; slot <= 50; slot++) await world.put('tasks', sampleTask(`t${slot}`, service, 'n1', { slot }));
    await world.clock.advance(200);
    assert.equal(agent.core.merged.tasks.size, 50);
    assert.deepEqual(agent.core.seqs, [1, 2]);
  });

  it('writes reports and confirms them once they are stored', async () => {
    await world.put('tasks', sampleTask('t1', service, 'n1'));
    const agent = await world.join('n1');
    await world.synced(agent);
    agent.core.report('t1', sampleStatus('running', { addresses: { front: '10.100.5.2' } }));
    await world.clock.advance(200);
    assert.equal(world.task('t1')?.status.state, 'running');
    assert.deepEqual(
      agent.core.confirmed.map((report) => report.taskId),
      ['t1'],
    );
  });

  it('confirms nothing while the store is away, and writes it when it is back', async () => {
    await world.put('tasks', sampleTask('t1', service, 'n1'));
    const agent = await world.join('n1');
    await world.synced(agent);
    world.kv.setReachable(false);
    agent.core.report('t1', sampleStatus('preparing'));
    agent.core.report('t1', sampleStatus('running'));
    await world.clock.advance(5_000);
    assert.deepEqual(agent.core.confirmed, []);
    assert.equal(agent.session.state.name, 'open');
    world.kv.setReachable(true);
    await world.clock.advance(5_000);
    assert.equal(world.task('t1')?.status.state, 'running');
    assert.equal(agent.core.confirmed.length, 1);
  });

  it('drops reports that go back and reports of tasks of another node', async () => {
    await world.put(
      'tasks',
      sampleTask('t1', service, 'n1', { status: sampleStatus('failed') }),
      sampleTask('t2', service, 'n2', { slot: 2 }),
    );
    const agent = await world.join('n1');
    await world.synced(agent);
    agent.core.report('t1', sampleStatus('running'));
    agent.core.report('t2', sampleStatus('running'));
    await world.clock.advance(200);
    assert.equal(world.task('t1')?.status.state, 'failed');
    assert.equal(world.task('t2')?.status.state, 'assigned');
    assert.equal(agent.core.confirmed.length, 2, 'they are settled all the same, or they would come for ever');
  });

  it('keeps what a controller wrote while a report was under way', async () => {
    await world.put('tasks', sampleTask('t1', service, 'n1'));
    const agent = await world.join('n1');
    await world.synced(agent);
    agent.core.report('t1', sampleStatus('running'));
    await world.clock.advance(5);
    await world.put('tasks', { ...world.task('t1')!, desired: 'shutdown' });
    await world.clock.advance(200);
    assert.deepEqual([world.task('t1')?.desired, world.task('t1')?.status.state], ['shutdown', 'running']);
  });

  it('takes over restarts that the agent made while it was away, once, however often they are told', async () => {
    await world.put('tasks', sampleTask('t1', service, 'n1', { status: sampleStatus('running') }));
    const agent = await world.join('n1');
    await world.synced(agent);
    world.reachable = false;
    agent.pairs.at(-1)?.cut();
    await world.clock.advance(10);
    agent.core.report('t1', sampleStatus('failed', { exitCode: 1 }));
    agent.core.report('t2', sampleStatus('failed', { exitCode: 2 }), 't1');
    agent.core.report('t3', sampleStatus('running'), 't2');
    world.reachable = true;
    await world.clock.advanceUntil(() => world.task('t3') !== undefined, 10_000);
    await world.synced(agent);
    agent.pairs.at(-1)?.cut();
    await world.clock.advance(5_000);
    await world.synced(agent);
    const tasks = [...world.store.view.tasksOfService('web')];
    assert.deepEqual(tasks.map((task) => [task.id, task.status.state, task.slot]).sort(), [
      ['t1', 'failed', 1],
      ['t2', 'failed', 1],
      ['t3', 'running', 1],
    ]);
    assert.equal(world.task('t1')?.status.exitCode, 1);
    assert.deepEqual([...agent.core.merged.tasks.keys()], ['t3']);
    assert.equal((agent.core.merged.tasks.get('t3') as { restarts: number[] }).restarts.length, 2);
  });

  it('lets a restarted task be stopped whose slot was given away meanwhile', async () => {
    await world.put('tasks', sampleTask('t1', service, 'n1', { desired: 'shutdown', status: sampleStatus('running') }));
    await world.put('tasks', sampleTask('t9', service, 'n2', { createdAt: 5, status: sampleStatus('running') }));
    const agent = await world.join('n1');
    await world.synced(agent);
    agent.core.report('t1', sampleStatus('failed'));
    agent.core.report('t2', sampleStatus('running'), 't1');
    await world.clock.advance(200);
    assert.equal(world.task('t2')?.desired, 'shutdown');
    assert.equal((agent.core.merged.tasks.get('t2') as { desired: string }).desired, 'shutdown');
  });

  it('lets a restarted task be stopped whose slot has another task, though its predecessor is still wanted', async () => {
    await world.put('tasks', sampleTask('t1', service, 'n1', { status: sampleStatus('running') }));
    await world.put('tasks', sampleTask('t9', service, 'n2', { createdAt: 5, status: sampleStatus('running') }));
    const agent = await world.join('n1');
    await world.synced(agent);
    agent.core.report('t1', sampleStatus('failed'));
    agent.core.report('t2', sampleStatus('running'), 't1');
    await world.clock.advance(200);
    assert.deepEqual([world.task('t2')?.desired, world.task('t9')?.desired], ['shutdown', 'running']);
  });

  it('keeps an ended task that is wanted with its agent until a newer one has its slot', async () => {
    await world.put('tasks', sampleTask('t1', service, 'n1', { status: sampleStatus('failed') }));
    const agent = await world.join('n1');
    await world.synced(agent);
    assert.deepEqual([...agent.core.merged.tasks.keys()], ['t1']);
    await world.put('tasks', sampleTask('t2', service, 'n2', { createdAt: 5 }));
    await world.clock.advance(200);
    assert.deepEqual([...agent.core.merged.tasks.keys()], []);
  });

  it('refuses an agent of another protocol and says which side is older', async () => {
    const { client, server } = socketPair({ clock: world.clock });
    const answers: string[] = [];
    client.onMessage((text) => answers.push(text));
    world.dispatcher.accept(server, 'n1');
    client.send(JSON.stringify({ type: 'hello', protocol: 0, somethingOld: true }));
    await world.clock.advance(100);
    assert.match(answers.join(), /"code":"protocol-version".*upgrade the agent, it is the older one/);
  });

  it('closes the older of two sessions of a node', async () => {
    const agent = await world.join('n1');
    await world.synced(agent);
    const { client, server } = socketPair({ clock: world.clock });
    world.dispatcher.accept(server, 'n1');
    client.send(JSON.stringify({ type: 'hello', protocol: 1, description: sampleDescription('192.0.2.50'), tasks: [] }));
    await world.clock.advance(150);
    assert.equal(agent.session.state.name, 'connecting');
    assert.match((agent.session.state as { reason: string }).reason, /newer session/);
    assert.equal(world.node('n1')?.description?.address, '192.0.2.50');
    assert.equal(world.node('n1')?.status.state, 'ready');
  });

  it('tells the agent that a task which nobody knows is not desired', async () => {
    const agent = await world.join('n1');
    await world.synced(agent);
    agent.core.report('ghost', sampleStatus('running'), 'nobody');
    await world.clock.advance(500);
    assert.equal(world.task('ghost'), undefined);
    assert.deepEqual(agent.core.held, []);
  });

  it('moves to the next manager when one does not answer', async () => {
    world.reachable = false;
    world.startAgent('n1');
    await world.clock.advance(3_000);
    assert.deepEqual(world.dialled.slice(0, 4), ['https://m1:4600', 'https://m2:4600', 'https://m1:4600', 'https://m2:4600']);
  });

  it('stops at once though a manager neither takes nor refuses its connection', async () => {
    const connector = { connect: () => new Promise<never>(() => {}) };
    const core = new RecordingCore(sampleDescription('192.0.2.9'));
    const { clock, random } = world;
    const session = startSessionOver({ core, clock, random, log: silentLog, managers: ['https://m1:4600'], connector });
    await clock.advance(1_000);
    await session.stop();
    assert.equal(session.state.name, 'stopped');
  });

  it('ends for good when the node was removed from the cluster', async () => {
    const agent = await world.join('n1');
    await world.synced(agent);
    await world.remove('nodes', 'n1');
    await world.clock.advance(5_000);
    assert.equal(agent.session.state.name, 'refused');
    const stranger = world.startAgent('n9');
    await world.clock.advance(5_000);
    assert.equal(stranger.session.state.name, 'refused');
  });

  it('gives a slow agent what it missed in one piece', async () => {
    const agent = await world.join('n1');
    await world.synced(agent);
    let save = (): void => {};
    agent.core.saved = new Promise((resolve) => {
      save = resolve;
    });
    for (let slot = 1; slot <= 60; slot++) {
      await world.put('tasks', sampleTask(`t${slot}`, service, 'n1', { slot }));
      await world.clock.advance(20);
    }
    save();
    await world.clock.advance(2_000);
    assert.deepEqual(agent.core.sorted(), world.expected('n1'));
    assert.ok((agent.core.seqs.at(-1) ?? 99) < 40, `${agent.core.seqs.length} messages`);
    assert.equal(agent.pairs.length, 1, 'the session went on');
  });

  it('tells a changed description', async () => {
    const agent = await world.join('n1');
    await world.synced(agent);
    agent.core.description = sampleDescription('192.0.2.77');
    await world.clock.advance(31_000);
    assert.equal(world.node('n1')?.description?.address, '192.0.2.77');
  });

  it('passes on a log no faster than it is read', async () => {
    const agent = await world.join('n1');
    await world.synced(agent);
    let made = 0;
    agent.core.logLines = async function* () {
      for (; made < 20_000; made++) yield { type: 'line', stream: 'stdout', text: `line ${made} ${'x'.repeat(100)}` };
      yield { type: 'end' };
    };
    const options = { follow: false, timestamps: false, stdout: true, stderr: true };
    const frames = world.dispatcher.openLogs('n1', 't1', options, new AbortController().signal)[Symbol.asyncIterator]();
    const first = frames.next();
    await world.clock.advance(1_000);
    assert.equal((await first).value.type, 'line');
    assert.ok(made < 6_000, `${made} lines were made for a reader of one`);
    const rest = drain(frames);
    await world.clock.advance(60_000);
    const read = await rest;
    assert.equal(read.length, 20_000);
    assert.equal(read.at(-1)?.type, 'end');
  });

  it('answers for the log of a node that is away or silent (moby/moby 33183, 37336)', async () => {
    const options = { follow: false, timestamps: false, stdout: true, stderr: true };
    const agent = await world.join('n1');
    const never = new AbortController().signal;
    assert.deepEqual(await drain(world.dispatcher.openLogs('n5', 't1', options, never)[Symbol.asyncIterator]()), [
      { type: 'error', message: 'node n5 is not connected' },
    ]);
    await world.synced(agent);
    agent.pairs.at(-1)?.freeze();
    const frames = drain(world.dispatcher.openLogs('n1', 't1', options, never)[Symbol.asyncIterator]());
    await world.clock.advance(5_100);
    assert.deepEqual(await frames, [{ type: 'error', message: 'node n1 does not answer' }]);
  });
});

async function drain(frames: AsyncIterator<LogFrame>): Promise<LogFrame[]> {
  const all: LogFrame[] = [];
  for (let next = await frames.next(); !next.done; next = await frames.next()) all.push(next.value);
  return all;
}
