import assert from 'node:assert/strict';
import { ApiError, type LogFrame, type Manager, type ObjectChange } from '@tessera/api';
import { readyNode } from '../model/testing/builders.js';
import { IndexedView } from '../model/view.js';
import type { UseCaseContext } from './context.js';
import { nodeLog, relayLogs } from './node-log.js';

const OPTIONS = { follow: true, timestamps: false, stdout: true, stderr: true };
const QUERY = { follow: true, timestamps: false };
const line = (text: string): LogFrame => ({ type: 'line', stream: 'stdout', text });

describe('The log of a task of a node', () => {
  const view = new IndexedView();
  const listeners = new Set<(change: ObjectChange) => void>();
  let asked: string[];
  let peerLog: (signal: AbortSignal) => AsyncIterable<LogFrame>;
  let context: UseCaseContext;

  beforeEach(() => {
    asked = [];
    peerLog = async function* () {
      yield line('from the other');
    };
    const managers = ['m1', 'm2'].map(
      (id): Manager => ({ id, revision: 1, createdAt: 1, updatedAt: 1, hostname: `host-${id}`, addresses: [], version: '1' }),
    );
    for (const object of managers) view.apply({ kind: 'managers', id: object.id, object, revision: 1 });
    for (const [id, manager] of [
      ['n1', 'm1'],
      ['n2', 'm2'],
      ['n3', 'm3'],
    ] as const)
      view.apply({ kind: 'nodes', id, object: { ...readyNode(id), session: { manager, epoch: 1 } }, revision: 1 });
    context = {
      presence: { id: 'm1' },
      store: {
        view,
        onChange: (listener: (change: ObjectChange) => void) => {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
      },
      dispatcher: {
        async *openLogs(nodeId: string) {
          asked.push(`here ${nodeId}`);
          yield line('from here');
        },
      },
      peers: {
        taskLog: (manager: Manager, nodeId: string, taskId: string, _: unknown, signal: AbortSignal) => {
          asked.push(`${manager.id} ${nodeId} ${taskId}`);
          return peerLog(signal);
        },
      },
    } as unknown as UseCaseContext;
  });

  const read = async (nodeId: string): Promise<LogFrame[]> => {
    const frames: LogFrame[] = [];
    for await (const frame of nodeLog(context, nodeId, 't1', OPTIONS, new AbortController().signal)) frames.push(frame);
    return frames;
  };

  it('comes from the own session where the node has one, and else from the manager that has it', async () => {
    assert.deepEqual(await read('n1'), [line('from here')]);
    assert.deepEqual(await read('n2'), [line('from the other')]);
    assert.deepEqual(asked, ['here n1', 'm2 n2 t1']);
    assert.equal(listeners.size, 0);
  });

  it('is asked of the own dispatcher, which says so, when nobody serves the node', async () => {
    await read('n3');
    assert.deepEqual(asked, ['here n3']);
  });

  it('ends with an error that names the other manager when that one vanishes without a word', async () => {
    peerLog = async function* (signal) {
      yield line('first');
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      throw new Error('aborted');
    };
    const frames = nodeLog(context, 'n2', 't1', OPTIONS, new AbortController().signal)[Symbol.asyncIterator]();
    assert.deepEqual((await frames.next()).value, line('first'));
    const rest = frames.next();
    for (const listener of listeners) listener({ kind: 'managers', id: 'm2', object: undefined, revision: 9 });
    await assert.rejects(
      rest,
      (error) => error instanceof ApiError && error.code === 'unavailable' && /host-m2.*is gone/.test(error.message),
    );
  });

  it('is passed on to another manager only by the one that was meant, and only from its own sessions', () => {
    const { signal } = new AbortController();
    relayLogs(context, { manager: 'm1', node: 'n2', task: 't1' }, QUERY, signal);
    assert.throws(
      () => relayLogs(context, { manager: 'm9', node: 'n2', task: 't1' }, QUERY, signal),
      (error) => error instanceof ApiError && error.code === 'not-found',
    );
  });
});
