import assert from 'node:assert/strict';
import type { ProbeAnswer } from '@tessera/api';
import { SeededRandom, VirtualClock } from '@tessera/kit';
import { Probes } from './probes.js';

const LIMIT_MS = 30_000;
const WATCHING: ProbeAnswer = { kind: 'watching' };

describe('questions to agents about their networks', () => {
  let clock: VirtualClock;
  let probes: Probes;
  let sent: string[];
  const ask = (nodeId: string, signal = new AbortController().signal): Promise<ProbeAnswer> =>
    probes.ask(nodeId, (probeId) => void sent.push(probeId), signal);

  beforeEach(() => {
    clock = new VirtualClock();
    probes = new Probes({ clock, random: new SeededRandom(1), probeLimitMs: LIMIT_MS });
    sent = [];
  });
  afterEach(() => assert.equal(clock.pending, 0));

  it('are answered by the node that was asked alone', async () => {
    const answer = ask('n1');
    probes.answered('n2', sent[0] ?? '', { kind: 'failed', message: 'not mine' });
    probes.answered('n1', sent[0] ?? '', WATCHING);
    assert.deepEqual(await answer, WATCHING);
  });

  it('have failed when no answer comes in time', async () => {
    const answer = ask('n1');
    await clock.advance(LIMIT_MS);
    assert.deepEqual(await answer, { kind: 'failed', message: 'it did not answer within 30 s' });
  });

  it('have failed as soon as the session of the node is over', async () => {
    const [gone, stays] = [ask('n1'), ask('n2')];
    probes.gone('n1');
    assert.deepEqual(await gone, { kind: 'failed', message: 'its agent went away before it answered' });
    probes.answered('n2', sent[1] ?? '', WATCHING);
    assert.deepEqual(await stays, WATCHING);
  });

  it('end with who asked', async () => {
    const asker = new AbortController();
    const answer = ask('n1', asker.signal);
    asker.abort(new Error('gone home'));
    await assert.rejects(answer, /gone home/);
  });
});
