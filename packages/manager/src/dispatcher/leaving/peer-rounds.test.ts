import assert from 'node:assert/strict';
import { ApiError, type Manager } from '@tessera/api';
import { VirtualClock } from '@tessera/kit';
import { PeerRounds } from './peer-rounds.js';

const TICK_MS = 15;
const LIMIT_MS = 5_000;
const UNHEARD_MS = 3_000;
const meta = { revision: 1, createdAt: 0, updatedAt: 0 };
const manager = (id: string): Manager => ({ ...meta, id, hostname: id, addresses: [], version: '1' });

describe('a question to other managers for what their nodes have applied', () => {
  let clock: VirtualClock;
  let rounds: PeerRounds;
  let asked: string[];
  let told: string[];
  let moved: Set<string>;
  /** What the other manager answers, a part at a time. */
  let answer: (signal: AbortSignal) => AsyncIterable<string[]>;

  beforeEach(() => {
    clock = new VirtualClock();
    [asked, told, moved] = [[], [], new Set()];
    answer = async function* () {};
    rounds = new PeerRounds({
      clock,
      tickMs: TICK_MS,
      limitMs: LIMIT_MS,
      unheardMs: UNHEARD_MS,
      serves: (_, nodeId) => !moved.has(nodeId),
      peers: {
        applied: ({ id }, nodeIds, revision, signal) => {
          asked.push(`${id} ${revision} ${nodeIds.join(',')}`);
          return answer(signal);
        },
      },
    });
  });
  afterEach(() => {
    rounds.stop();
    assert.equal(clock.pending, 0);
  });

  const wait = (managerId: string, nodeId: string, revision: number, name = ''): void =>
    rounds.wait(manager(managerId), nodeId, revision, { applied: (id) => void told.push(`${name}${id}`) });
  const untilAborted = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

  it('is asked once for all that is waited for in a moment, for the newest state', async () => {
    wait('m2', 'a', 7);
    wait('m2', 'b', 9);
    wait('m3', 'c', 8);
    await clock.advance(TICK_MS);
    assert.deepEqual(asked, ['m2 9 a,b', 'm3 8 c']);
  });

  it('is told on to all who wait for a node, as the answers come', async () => {
    let more = (): void => {};
    answer = async function* () {
      yield [];
      yield ['a'];
      await new Promise<void>((resolve) => (more = resolve));
      yield ['b'];
    };
    wait('m2', 'a', 7, 'first ');
    wait('m2', 'a', 7, 'second ');
    wait('m2', 'b', 7);
    await clock.advance(TICK_MS + UNHEARD_MS);
    assert.deepEqual(told, ['first a', 'second a']);
    more();
    await clock.advance(0);
    assert.deepEqual(told, ['first a', 'second a', 'b']);
  });

  it('is waited for as long as the limit once the other manager has taken it', async () => {
    answer = async function* (signal) {
      yield [];
      await untilAborted(signal);
    };
    wait('m2', 'a', 7);
    await clock.advance(TICK_MS + LIMIT_MS - 1);
    assert.equal(clock.pending, 1);
    await clock.advance(1);
    assert.deepEqual([told, clock.pending], [[], 0]);
  });

  /** An answer without a first part. */
  const nothing = (next: () => Promise<never>): AsyncIterable<string[]> => ({ [Symbol.asyncIterator]: () => ({ next }) });

  for (const [what, say] of [
    ['cannot be reached', () => nothing(() => Promise.reject(new ApiError('unavailable', 'refused')))],
    ['says nothing', (signal) => nothing(() => untilAborted(signal).then(() => Promise.reject(signal.reason)))],
  ] as const satisfies ReadonlyArray<[string, typeof answer]>) {
    it(`gives its nodes a fixed short time when that manager ${what}, but for those that have left it`, async () => {
      answer = say;
      wait('m2', 'a', 7);
      wait('m2', 'b', 7);
      await clock.advance(TICK_MS + UNHEARD_MS - 1);
      assert.deepEqual(told, []);
      moved.add('b');
      await clock.advance(1);
      assert.deepEqual([told, clock.pending], [['a'], 0]);
    });
  }

  it('gives as long when that manager goes away with the answer', async () => {
    answer = async function* () {
      yield [];
      yield ['a'];
      throw new ApiError('unavailable', 'broken off');
    };
    wait('m2', 'a', 7);
    wait('m2', 'b', 7);
    await clock.advance(TICK_MS + UNHEARD_MS - 1);
    assert.deepEqual(told, ['a']);
    await clock.advance(1);
    assert.deepEqual(told, ['a', 'b']);
  });
});
