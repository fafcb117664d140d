import assert from 'node:assert/strict';
import { ApiError, Client } from '@tessera/api';
import { VirtualClock } from '@tessera/kit/clock/virtual-clock';
import { FakeStream, FakeTransport } from '../testing/fake-transport.js';
import { followUntil } from './follow.js';

const ROUTE = 'GET /v1/watch?kinds=tasks';

interface Follow {
  clock: VirtualClock;
  transport: FakeTransport;
  abort: AbortController;
  looks: number;
  disturbances: (string | undefined)[];
  end: Promise<number>;
}

/** Follows until the n-th look. */
function follow(until: number, streams: FakeStream[], look: (count: number) => Promise<void> = async () => {}): Follow {
  const clock = new VirtualClock();
  const transport = new FakeTransport().onStream(ROUTE, ...streams);
  const abort = new AbortController();
  const state: Follow = { clock, transport, abort, looks: 0, disturbances: [], end: Promise.resolve(0) };
  state.end = followUntil<number>({
    client: new Client(transport),
    clock,
    signal: abort.signal,
    kinds: ['tasks'],
    look: async () => {
      state.looks++;
      await look(state.looks);
      return state.looks;
    },
    show: (count) => count >= until,
    disturbed: (reason) => void state.disturbances.push(reason),
  });
  state.end.catch(() => {});
  return state;
}

const line = { type: 'tick', revision: 1 };

describe('followUntil', () => {
  it('looks at once, and asks for no more when that is enough', async () => {
    const run = follow(1, [new FakeStream()]);
    assert.equal(await run.end, 1);
    assert.equal(run.clock.pending, 0);
  });

  it('answers a burst of changes with a single look', async () => {
    const stream = new FakeStream();
    const run = follow(99, [stream]);
    await run.clock.advance(0);
    for (let index = 0; index < 50; index++) stream.push(line);
    await run.clock.advance(1_000);
    assert.ok(run.looks >= 2 && run.looks <= 3, `${run.looks} looks`);
    run.abort.abort(new Error('enough'));
    await assert.rejects(run.end, /enough/);
    assert.equal(run.clock.pending, 0);
  });

  it('does not look while nothing changes', async () => {
    const run = follow(2, [new FakeStream(), new FakeStream()]);
    await run.clock.advance(30_000);
    assert.equal(run.looks, 1);
    run.abort.abort(new Error('enough'));
    await assert.rejects(run.end, /enough/);
  });

  it('connects again with growing pauses and looks again when it is back', async () => {
    const gone = Array.from({ length: 3 }, () => {
      const stream = new FakeStream();
      stream.break(new ApiError('unavailable', 'away'));
      return stream;
    });
    const back = new FakeStream();
    back.push(line);
    const run = follow(2, [...gone, back]);
    await run.clock.advance(250 + 500 - 1);
    assert.equal(run.transport.requests.length, 2);
    await run.clock.advance(60_000);
    assert.equal(await run.end, 2);
    assert.deepEqual(run.disturbances, ['away', 'away', 'away', undefined]);
  });

  it('takes a stream that is silent for long for dead', async () => {
    const second = new FakeStream();
    second.push(line);
    const run = follow(2, [new FakeStream(), second]);
    await run.clock.advance(41_000);
    assert.equal(await run.end, 2);
    assert.match(run.disturbances[0] ?? '', /silent/);
  });

  it('lets a look fail when the manager is away, and ends with any other error', async () => {
    const stream = new FakeStream();
    const run = follow(3, [stream], async (count) => {
      if (count === 1) throw new ApiError('unavailable', 'away');
      if (count === 2) throw new ApiError('forbidden', 'not you');
    });
    await run.clock.advance(0);
    stream.push(line);
    await run.clock.advance(1_000);
    await assert.rejects(run.end, /not you/);
    assert.equal(run.clock.pending, 0);
  });

  it('ends when the stream is refused', async () => {
    const stream = new FakeStream();
    stream.break(new ApiError('forbidden', 'not you'));
    await assert.rejects(follow(2, [stream]).end, /not you/);
  });
});
