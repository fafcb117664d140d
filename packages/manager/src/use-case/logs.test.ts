import assert from 'node:assert/strict';
import type { LogFrame, LogOptions, ObjectChange, ObjectTypes, SourcedLogFrame, Task } from '@tessera/api';
import { VirtualClock } from '@tessera/kit';
import { deployed, readyNode, serviceSpec } from '../model/testing/builders.js';
import { IndexedView } from '../model/view.js';
import type { UseCaseContext } from './context.js';
import { serviceLogs } from './logs.js';
import { inTurn, merge } from './merge.js';

async function* items<T>(...values: T[]): AsyncIterable<T> {
  yield* values;
}

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of source) all.push(item);
  return all;
}

describe('Merged logs', () => {
  it('hold every item of every source, each in its order, and end', async () => {
    const merged = await collect(merge([items('a1', 'a2', 'a3'), items<string>(), items('b1', 'b2')]));
    assert.deepEqual(
      merged.filter((item) => item.startsWith('a')),
      ['a1', 'a2', 'a3'],
    );
    assert.deepEqual(
      merged.filter((item) => item.startsWith('b')),
      ['b1', 'b2'],
    );
  });

  it('are not held up by a source that says nothing', async () => {
    const silent: AsyncIterable<string> = { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) };
    for await (const item of merge([silent, items('heard')])) {
      assert.equal(item, 'heard');
      break;
    }
  });

  it('throw what a source throws', async () => {
    const frames: AsyncIterable<SourcedLogFrame | LogFrame> = {
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('broken')) }),
    };
    await assert.rejects(collect(merge([frames])), { message: 'broken' });
  });
});

describe('Logs in turn', () => {
  it('keep the order of their sources, and open only the next few', async () => {
    const opened: number[] = [];
    const source = async function* (number: number): AsyncIterable<string> {
      opened.push(number);
      yield `${number} first`;
      yield `${number} last`;
    };
    const openedAt: number[] = [];
    const heard: string[] = [];
    for await (const item of inTurn([1, 2, 3, 4, 5].map(source), 2)) {
      openedAt.push(opened.length);
      heard.push(item);
    }
    assert.deepEqual(
      heard,
      [1, 2, 3, 4, 5].flatMap((number) => [`${number} first`, `${number} last`]),
    );
    assert.deepEqual(openedAt, [3, 3, 4, 4, 5, 5, 5, 5, 5, 5]);
  });

  it('throw what a source throws when its turn comes, and close those that were opened', async () => {
    let closed = 0;
    const broken: AsyncIterable<string> = { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('broken')) }) };
    const next = {
      next: () => Promise.resolve({ done: false as const, value: 'never' }),
      return: async () => ({ done: true as const, value: ++closed }),
    };
    const heard: string[] = [];
    const read = async (): Promise<void> => {
      for await (const item of inTurn([items('a'), broken, { [Symbol.asyncIterator]: () => next }], 5)) heard.push(item);
    };
    await assert.rejects(read(), { message: 'broken' });
    assert.deepEqual([heard, closed], [['a'], 1]);
  });
});

describe("A service's log", () => {
  const QUERY = { follow: false, timestamps: false };
  let clock: VirtualClock;
  let view: IndexedView;
  let revision: number;
  let listeners: Set<(change: ObjectChange) => void>;
  let stop: AbortController;
  /** What is heard of each task; of others, that they have no container. */
  let logs: Map<string, LogFrame[]>;
  let opened: { taskId: string; options: LogOptions }[];
  let context: UseCaseContext;

  const change = <K extends 'nodes' | 'services' | 'tasks'>(kind: K, id: string, object?: ObjectTypes[K]): void => {
    revision += 1;
    const one = { kind, id, revision, ...(object && { object: { ...object, revision } }) } as ObjectChange;
    view.apply(one);
    for (const listener of listeners) listener(one);
  };
  const task = (id: string, slot: number, status: Partial<Task['status']>, createdAt = 1): void =>
    change('tasks', id, {
      id,
      revision: 0,
      createdAt,
      updatedAt: 1,
      serviceId: 'web',
      serviceName: 'web',
      specRevision: 1,
      templateHash: 'h',
      slot,
      nodeId: 'n1',
      desired: 'running',
      status: { state: 'running', at: 1, message: '', ...status },
    });
  const line = (text: string): LogFrame => ({ type: 'line', stream: 'stdout', text });
  const words = (frames: readonly SourcedLogFrame[]): string[] =>
    frames.map(({ taskId, frame }) => `${taskId}: ${frame.type === 'line' ? frame.text : frame.type}`);
  async function* openLogs(_node: string, taskId: string, options: LogOptions): AsyncIterable<LogFrame> {
    opened.push({ taskId, options });
    yield* logs.get(taskId) ?? [{ type: 'error' as const, message: 'none', code: 'no-container' as const }];
  }

  beforeEach(() => {
    clock = new VirtualClock();
    view = new IndexedView();
    revision = 0;
    listeners = new Set();
    stop = new AbortController();
    logs = new Map();
    opened = [];
    const onChange = (listener: (one: ObjectChange) => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    };
    context = { clock, store: { view, onChange }, dispatcher: { openLogs }, presence: { id: 'm1' } } as unknown as UseCaseContext;
    change('nodes', 'n1', readyNode('n1'));
    change('services', 'web', deployed(serviceSpec('web', 2), 'web').service);
  });
  afterEach(() => stop.abort());

  it('begins with ended tasks, slot by slot, and leaves out tasks without a container', async () => {
    task('live', 1, {}, 9);
    task('b', 2, { state: 'failed' }, 2);
    task('a2', 1, { state: 'failed' }, 3);
    task('a1', 1, { state: 'failed' }, 1);
    task('gone', 1, { state: 'failed' }, 0);
    task('new', 2, { state: 'preparing' }, 9);
    for (const id of ['live', 'b', 'a2', 'a1']) logs.set(id, [line(`hello of ${id}`)]);
    assert.deepEqual(words(await collect(serviceLogs(context, 'web', QUERY, stop.signal))), [
      'a1: hello of a1',
      'a2: hello of a2',
      'b: hello of b',
      'live: hello of live',
    ]);
  });

  it('tells once of a node that is away, however many ended tasks it keeps', async () => {
    for (const id of ['a', 'b']) {
      task(id, 1, { state: 'failed' });
      logs.set(id, [{ type: 'error', message: 'node n1 is not connected' }]);
    }
    assert.deepEqual(words(await collect(serviceLogs(context, 'web', QUERY, stop.signal))), ['a: error']);
  });

  it('picks up tasks as they start while it is followed, and ends with the service', async () => {
    task('a', 1, { state: 'failed', startedAt: 1 });
    task('b', 1, { startedAt: 2 });
    for (const id of ['a', 'b', 'c']) logs.set(id, [line('hello')]);
    const heard: SourcedLogFrame[] = [];
    let over = false;
    const reading = (async () => {
      for await (const one of serviceLogs(context, 'web', { ...QUERY, follow: true, tail: 5 }, stop.signal)) heard.push(one);
      over = true;
    })();
    await clock.advanceUntil(() => heard.length === 2, 1_000, 'the log of what there is');
    task('c', 1, { state: 'starting' }, 3);
    await clock.advance(100);
    assert.equal(heard.length, 2);
    task('c', 1, { state: 'failed', startedAt: 3 }, 3);
    task('c', 1, { state: 'failed', startedAt: 3, message: 'told again' }, 3);
    await clock.advanceUntil(() => heard.length === 3, 1_000, 'the log of the new task');
    assert.deepEqual(words(heard), ['a: hello', 'b: hello', 'c: hello']);
    assert.deepEqual(
      opened.map(({ taskId, options }) => [taskId, options.follow, options.tail]),
      [
        ['a', false, 5],
        ['b', true, 5],
        ['c', true, undefined],
      ],
    );
    change('services', 'web');
    await clock.advanceUntil(() => over, 1_000, 'the end');
    await reading;
    assert.equal(listeners.size, 0);
  });
});
