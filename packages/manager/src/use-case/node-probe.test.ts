import assert from 'node:assert/strict';
import { ApiError, type ProbeAnswer } from '@tessera/api';
import { probeNode, relayProbe } from './node-probe.js';
import { type PeerContext, peerContext } from './testing/peer-context.js';

const WATCHING: ProbeAnswer = { kind: 'watching' };
const COUNTS = { kind: 'counts' as const };

describe('a question to a node about its network', () => {
  let asked: string[];
  let peerAnswer: (signal: AbortSignal) => Promise<ProbeAnswer>;
  let world: PeerContext;

  beforeEach(() => {
    asked = [];
    peerAnswer = async () => WATCHING;
    world = peerContext(
      { n1: 'm1', n2: 'm2' },
      {
        dispatcher: {
          probe: async (nodeId) => {
            asked.push(`here ${nodeId}`);
            return WATCHING;
          },
        },
        peers: {
          probe: (manager, nodeId, _request, signal) => {
            asked.push(`${manager.id} ${nodeId}`);
            return peerAnswer(signal);
          },
        },
      },
    );
  });
  const probe = (nodeId: string, signal = new AbortController().signal) => probeNode(world.context, nodeId, COUNTS, signal);

  it('goes to the own session where the node has one, and else through the manager that has it', async () => {
    assert.deepEqual([await probe('n1'), await probe('n2')], [WATCHING, WATCHING]);
    assert.deepEqual(asked, ['here n1', 'm2 n2']);
    assert.equal(world.listeners.size, 0);
  });

  it('has failed when the other manager cannot be reached, or vanishes without a word', async () => {
    peerAnswer = () => Promise.reject(new ApiError('unavailable', 'manager host-m2 cannot be reached'));
    assert.deepEqual(await probe('n2'), { kind: 'failed', message: 'manager host-m2 cannot be reached' });
    peerAnswer = (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const answer = probe('n2');
    world.vanish('m2');
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
    await relayProbe(world.context, { manager: 'm1', node: 'n2' }, COUNTS, signal);
    assert.deepEqual(asked, ['here n2']);
    await assert.rejects(relayProbe(world.context, { manager: 'm9', node: 'n2' }, COUNTS, signal), { code: 'not-found' });
  });
});
