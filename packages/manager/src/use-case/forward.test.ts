import assert from 'node:assert/strict';
import { ApiError, type Task } from '@tessera/api';
import { type SessionSocket, type SocketPair, socketPair, VirtualClock } from '@tessera/kit';
import { openForward, relayForward } from './forward.js';
import { type PeerContext, peerContext } from './testing/peer-context.js';

const { signal } = new AbortController();

describe('a connection to a port of a task', () => {
  const clock = new VirtualClock();
  let asked: string[];
  let pair: SocketPair;
  let peerAnswer: (signal: AbortSignal) => Promise<SessionSocket>;
  let world: PeerContext;

  beforeEach(() => {
    asked = [];
    pair = socketPair({ clock, latencyMs: 0 });
    peerAnswer = async () => pair.client;
    world = peerContext(
      { n1: 'm1', n2: 'm2' },
      {
        dispatcher: {
          openForward: async (nodeId, taskId, port) => {
            asked.push(`here ${nodeId} ${taskId} ${port}`);
            return pair.client;
          },
        },
        peers: {
          openForward: (manager, nodeId, taskId, port, gone) => {
            asked.push(`${manager.id} ${nodeId} ${taskId} ${port}`);
            return peerAnswer(gone);
          },
        },
      },
    );
    for (const nodeId of ['n1', 'n2']) {
      const object = { id: `t${nodeId}`, serviceId: 's', nodeId, desired: 'running', status: { state: 'running' } } as unknown as Task;
      world.view.apply({ kind: 'tasks', id: object.id, object, revision: 1 });
    }
  });

  it('goes through the own session where its node has one, and else through the manager that has it', async () => {
    await openForward(world.context, 'tn1', 80, signal);
    await openForward(world.context, 'tn2', 80, signal);
    assert.deepEqual(asked, ['here n1 tn1 80', 'm2 n2 tn2 80']);
  });

  it('is cut when the other manager vanishes without a word, and listens for that no longer than it lasts', async () => {
    const closed = (socket: SessionSocket): Promise<number> => new Promise((resolve) => socket.onClose(resolve));
    const first = closed(await openForward(world.context, 'tn2', 80, signal));
    world.vanish('m2');
    await clock.advance(0);
    await first;
    pair = socketPair({ clock, latencyMs: 0 });
    await openForward(world.context, 'tn2', 80, signal);
    assert.equal(world.listeners.size, 1);
    pair.cut();
    await clock.advance(0);
    assert.equal(world.listeners.size, 0);
  });

  it('fails as the other manager says, or because that one is gone', async () => {
    peerAnswer = () => Promise.reject(new ApiError('timeout', 'the node did not dial the stream'));
    await assert.rejects(openForward(world.context, 'tn2', 80, signal), { code: 'timeout' });
    peerAnswer = (gone) => new Promise((_, reject) => gone.addEventListener('abort', () => reject(gone.reason)));
    const opening = openForward(world.context, 'tn2', 80, signal);
    world.vanish('m2');
    await assert.rejects(opening, { code: 'unavailable', message: /host-m2, .* is gone/ });
    assert.equal(world.listeners.size, 0);
  });

  it('is passed on by the manager that was meant alone, and only to its own sessions', async () => {
    const target = { nodeId: 'n2', taskId: 'tn2', port: 80 };
    await relayForward(world.context, 'm1', target, signal);
    assert.deepEqual(asked, ['here n2 tn2 80']);
    await assert.rejects(relayForward(world.context, 'm9', target, signal), { code: 'not-found' });
  });
});
