import assert from 'node:assert/strict';
import type { AgentMessage, ManagerMessage, NodeDescription, NodeSetItems, TaskReport } from '@tessera/api';
import { SeededRandom, type SocketPair, silentLog, socketPair, VirtualClock } from '@tessera/kit';
import type { AgentCore } from '../ports/core.js';
import { ConnectError } from './connector.js';
import { type Session, startSessionOver } from './session.js';

const NOTHING: NodeSetItems = { tasks: [], ended: [], networks: [], services: [], files: [] };
const REMOVE_NOTHING = { tasks: [], ended: [], networks: [], services: [], files: [] };
const DESCRIPTION = { hostname: 'h' } as NodeDescription;

/** A manager's end that a test writes by hand. */
class ScriptedManager {
  readonly pairs: SocketPair[] = [];
  readonly received: AgentMessage[] = [];
  refusal: ConnectError | undefined;

  constructor(private readonly clock: VirtualClock) {}

  async connect(): Promise<SocketPair['client']> {
    if (this.refusal) throw this.refusal;
    const pair = socketPair({ clock: this.clock });
    pair.server.onMessage((text) => this.received.push(JSON.parse(text) as AgentMessage));
    this.pairs.push(pair);
    return pair.client;
  }

  send(message: ManagerMessage): void {
    this.pairs.at(-1)?.server.send(JSON.stringify(message));
  }

  count(type: AgentMessage['type']): number {
    return this.received.filter((message) => message.type === type).length;
  }
}

describe('session of an agent', () => {
  let clock: VirtualClock;
  let manager: ScriptedManager;
  let session: Session;
  let confirmed: readonly TaskReport[];
  let failsToSave: boolean;
  let granted: number[];

  const core: AgentCore = {
    describe: async () => DESCRIPTION,
    connect: async () => {
      throw new Error('no container here');
    },
    heldTasks: () => [{ taskId: 'held', status: { state: 'running', at: 1, message: '' } }],
    replaceDesired: async () => {
      if (failsToSave) throw new Error('disk full');
    },
    mergeDesired: async () => {},
    granted: (sentAtMs) => void granted.push(sentAtMs),
    onReport: () => () => {},
    onApplied: () => () => {},
    confirmReported: (reports) => {
      confirmed = reports;
    },
    usage: async (serviceIds) => [...serviceIds].map((id) => ({ taskId: `of${id}`, nanoCpus: 1e9, memoryBytes: 5 })),
    resolveImage: () => Promise.reject(new Error('not part of these tests')),
    logs: async function* () {
      yield { type: 'end' };
    },
  };

  beforeEach(async () => {
    clock = new VirtualClock();
    manager = new ScriptedManager(clock);
    confirmed = [];
    failsToSave = false;
    granted = [];
    const random = new SeededRandom(1);
    session = startSessionOver({ core, clock, random, log: silentLog, managers: ['https://m1:4600'], connector: manager });
    await clock.advance(10);
  });

  afterEach(async () => {
    const stopping = session.stop();
    await clock.advance(100);
    await stopping;
  });

  it('says hello, acknowledges the set and takes what it told for stored', async () => {
    assert.equal(manager.received[0]?.type, 'hello');
    manager.send({ type: 'desired', seq: 1, items: NOTHING });
    await clock.advance(10);
    assert.deepEqual(manager.received.at(-1), { type: 'ack', seq: 1 });
    assert.equal(session.state.name, 'open');
    assert.deepEqual(
      confirmed.map((report) => report.taskId),
      ['held'],
    );
  });

  it('tells the usage of services that it is to measure, every five seconds, and of none before', async () => {
    manager.send({ type: 'desired', seq: 1, items: NOTHING });
    await clock.advance(2_000);
    assert.equal(manager.count('usage'), 0);
    manager.send({ type: 'measure', serviceIds: ['s1'] });
    for (let second = 0; second < 10; second += 1) {
      manager.send({ type: 'heartbeat' });
      await clock.advance(1_000);
    }
    const told = manager.received.flatMap((message) => (message.type === 'usage' ? message.tasks : []));
    assert.deepEqual(told, Array(2).fill({ taskId: 'ofs1', nanoCpus: 1e9, memoryBytes: 5 }));
  });

  it('connects anew when a delta is missing', async () => {
    manager.send({ type: 'desired', seq: 1, items: NOTHING });
    manager.send({ type: 'delta', seq: 2, put: NOTHING, remove: REMOVE_NOTHING });
    await clock.advance(10);
    manager.send({ type: 'delta', seq: 4, put: NOTHING, remove: REMOVE_NOTHING });
    await clock.advance(500);
    assert.equal(manager.pairs.length, 2);
    assert.deepEqual(
      manager.received.flatMap((message) => (message.type === 'ack' ? [message.seq] : [])),
      [1, 2],
    );
  });

  it('connects anew when the first set is no complete one, or is not understood', async () => {
    manager.send({ type: 'delta', seq: 1, put: NOTHING, remove: REMOVE_NOTHING });
    await clock.advance(500);
    assert.equal(manager.pairs.length, 2);
    manager.pairs[1]?.server.send('{"type":"surprise"}');
    await clock.advance(1_000);
    assert.equal(manager.pairs.length, 3);
  });

  it('acknowledges nothing that could not be saved', async () => {
    failsToSave = true;
    manager.send({ type: 'desired', seq: 1, items: NOTHING });
    await clock.advance(500);
    assert.equal(manager.count('ack'), 0);
    assert.equal(manager.pairs.length, 2);
  });

  it('beats each second, and gives a manager up that answers none of three', async () => {
    manager.send({ type: 'desired', seq: 1, items: NOTHING });
    await clock.advance(2_100);
    assert.equal(manager.count('heartbeat'), 2);
    manager.send({ type: 'heartbeat' });
    await clock.advance(2_900);
    assert.equal(manager.pairs.length, 1);
    await clock.advance(2_000);
    assert.equal(manager.pairs.length, 2);
  });

  it('tells when each answered heartbeat was sent, but none before the manager has this node for ready', async () => {
    const greetedAt = clock.monotonic() - 10;
    await clock.advance(1_000);
    manager.send({ type: 'heartbeat' });
    await clock.advance(10);
    assert.deepEqual(granted, []);
    manager.send({ type: 'desired', seq: 1, items: NOTHING });
    await clock.advance(10);
    assert.ok(granted.length === 1 && (granted[0] ?? 0) <= greetedAt, `the hello's own moment: ${granted}`);
    await clock.advance(2_200);
    assert.equal(granted.length, 1, 'no answer, no grant');
    manager.send({ type: 'heartbeat' });
    await clock.advance(10);
    assert.ok((granted[1] ?? 0) < clock.monotonic() - 1_000, 'the moment of the heartbeat that was answered, not of the answer');
  });

  it('waits ever longer, up to five seconds, while no manager takes it', async () => {
    manager.pairs.at(-1)?.cut();
    const dials: number[] = [];
    manager.connect = async () => {
      dials.push(clock.monotonic());
      throw new ConnectError('away', false);
    };
    await clock.advance(60_000);
    const gaps = dials.slice(1).map((at, index) => at - (dials[index] ?? 0));
    assert.ok((gaps[0] ?? 0) >= 100 && (gaps[0] ?? 0) <= 400, String(gaps[0]));
    assert.ok(
      gaps.slice(6).every((gap) => gap >= 2_500 && gap <= 5_000),
      String(gaps),
    );
  });

  it('ends for good when the manager or the TLS connection says so', async () => {
    manager.send({ type: 'refused', code: 'node-removed', message: 'removed', final: true });
    await clock.advance(10);
    assert.deepEqual(await session.done, { name: 'refused', reason: 'removed (node-removed)' });
    manager.refusal = new ConnectError('HTTP 403', true);
    const other = startSessionOver({
      core,
      clock,
      random: new SeededRandom(2),
      log: silentLog,
      managers: ['https://m1:4600'],
      connector: manager,
    });
    await clock.advance(10);
    assert.deepEqual(await other.done, { name: 'refused', reason: 'HTTP 403' });
    assert.equal(clock.pending, 0);
  });

  it('comes again when the manager only stops', async () => {
    manager.send({ type: 'refused', code: 'manager-stops', message: 'stops', final: false });
    await clock.advance(500);
    assert.equal(manager.pairs.length, 2);
  });
});
