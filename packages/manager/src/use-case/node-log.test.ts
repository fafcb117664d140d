import assert from 'node:assert/strict';
import { ApiError, type LogFrame } from '@tessera/api';
import { nodeLog, relayLogs } from './node-log.js';
import { type PeerContext, peerContext } from './testing/peer-context.js';

const OPTIONS = { follow: true, timestamps: false, stdout: true, stderr: true };
const QUERY = { follow: true, timestamps: false };
const line = (text: string): LogFrame => ({ type: 'line', stream: 'stdout', text });

describe('The log of a task of a node', () => {
  let asked: string[];
  let peerLog: (signal: AbortSignal) => AsyncIterable<LogFrame>;
  let world: PeerContext;

  beforeEach(() => {
    asked = [];
    peerLog = async function* () {
      yield line('from the other');
    };
    world = peerContext(
      { n1: 'm1', n2: 'm2', n3: 'm3' },
      {
        dispatcher: {
          async *openLogs(nodeId) {
            asked.push(`here ${nodeId}`);
            yield line('from here');
          },
        },
        peers: {
          taskLog: (manager, nodeId, taskId, _, signal) => {
            asked.push(`${manager.id} ${nodeId} ${taskId}`);
            return peerLog(signal);
          },
        },
      },
    );
  });

  const read = async (nodeId: string): Promise<LogFrame[]> => {
    const frames: LogFrame[] = [];
    for await (const frame of nodeLog(world.context, nodeId, 't1', OPTIONS, new AbortController().signal)) frames.push(frame);
    return frames;
  };

  it('comes from the own session where the node has one, and else from the manager that has it', async () => {
    assert.deepEqual(await read('n1'), [line('from here')]);
    assert.deepEqual(await read('n2'), [line('from the other')]);
    assert.deepEqual(asked, ['here n1', 'm2 n2 t1']);
    assert.equal(world.listeners.size, 0);
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
    const frames = nodeLog(world.context, 'n2', 't1', OPTIONS, new AbortController().signal)[Symbol.asyncIterator]();
    assert.deepEqual((await frames.next()).value, line('first'));
    const rest = frames.next();
    world.vanish('m2');
    await assert.rejects(
      rest,
      (error) => error instanceof ApiError && error.code === 'unavailable' && /host-m2.*is gone/.test(error.message),
    );
  });

  it('is passed on to another manager only by the one that was meant, and only from its own sessions', () => {
    const { signal } = new AbortController();
    relayLogs(world.context, { manager: 'm1', node: 'n2', task: 't1' }, QUERY, signal);
    assert.throws(
      () => relayLogs(world.context, { manager: 'm9', node: 'n2', task: 't1' }, QUERY, signal),
      (error) => error instanceof ApiError && error.code === 'not-found',
    );
  });
});
