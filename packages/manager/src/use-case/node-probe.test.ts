import assert from 'node:assert/strict';
import { ApiError, type Manager, type ObjectChange, type ProbeAnswer } from '@tessera/api';
import { readyNode } from '../model/testing/builders.js';
import { IndexedView } from '../model/view.js';
import type { UseCaseContext } from './context.js';
import { probeNode, relayProbe } from './node-probe.js';

const WATCHING: ProbeAnswer = { kind: 'watching' };
const COUNTS = { kind: 'counts' as const };

describe('a question to a node about its network', () => {
  let asked: string[];
  let peerAnswer: (signal: AbortSignal) => Promise<ProbeAnswer>;
  let context: UseCaseContext;
  const listeners = new Set<(change: ObjectChange) => void>();

  beforeEach(() => {
    asked = [];
    peerAnswer = async () => WATCHING;
    const view = new IndexedView();
    const object: Manager = { id: 'm2', revision: 1, createdAt: 1, updatedAt: 1, hostname: 'host-m2', addresses: [], version: '1' };
    view.apply({ kind: 'managers', id: 'm2', object, revision: 1 });
    for (const [id, manager] of [
      ['n1', 'm1'],
      ['n2', 'm2'],
    ] as const)
      view.apply({ kind: 'nodes', id, object: { ...readyNode(id), session: { manager, epoch: 1 } }, revision: 1 });
    const onChange = (listener: (change: ObjectChange) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    };
    context = {
      presence: { id: 'm1' },
      store: { view, onChange },
      dispatcher: {
        probe: async (nodeId: string) => {
          asked.push(`here ${nodeId}`);
          return WATCHING;
        },
      },
      peers: {
        probe: (manager: Manager, nodeId: string, _request: unknown, signal: AbortSignal) => {
          asked.push(`${manager.id} ${nodeId}`);
          return peerAnswer(signal);
        },
      },
    } as unknown as UseCaseContext;
  });
  const probe = (nodeId: string, signal = new AbortController().signal) => probeNode(context, nodeId, COUNTS, signal);

  it('goes to the own session where the node has one, and else through the manager that has it', async () => {
    assert.deepEqual([await probe('n1'), await probe('n2')], [WATCHING, WATCHING]);
    assert.deepEqual(asked, ['here n1', 'm2 n2']);
    assert.equal(listeners.size, 0);
  });

  it('has failed when the other manager cannot be reached, or vanishes without a word', async () => {
    peerAnswer = () => Promise.reject(new ApiError('unavailable', 'manager host-m2 cannot be reached'));
    assert.deepEqual(await probe('n2'), { kind: 'failed', message: 'manager host-m2 cannot be reached' });
    peerAnswer = (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const answer = probe('n2');
    for (const listener of listeners) listener({ kind: 'managers', id: 'm2', object: undefined, revision: 9 });
    assert.deepEqual(await answer, { kind: 'failed', message: 'manager host-m2, which serves it, is gone' });
  });

  it('ends with who asked', async () => {
    peerAnswer = (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const asker = new AbortController();
    const answer = probe('n2', asker.signal);
    asker.abort(new Error('gone home'));
    await assert.rejects(answer, /gone home/);
  });

  it('is passed on by the manager that was meant alone, and only to its own sessions', async () => {
    const { signal } = new AbortController();
    await relayProbe(context, { manager: 'm1', node: 'n2' }, COUNTS, signal);
    assert.deepEqual(asked, ['here n2']);
    await assert.rejects(relayProbe(context, { manager: 'm9', node: 'n2' }, COUNTS, signal), { code: 'not-found' });
  });
});
