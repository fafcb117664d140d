import assert from 'node:assert/strict';
import { ApiError } from '@tessera/api';
import type { ResolvedImage } from '../ports/dispatcher.js';
import type { UseCaseContext } from './context.js';
import { imageDigest, relayImage } from './image-digest.js';
import { peerContext } from './testing/peer-context.js';

const DIGEST = { digest: `sha256:${'a'.repeat(64)}` };
const NOBODY = { error: 'no node is connected to this manager' };

function contextOf(own: ResolvedImage, peers: Record<string, ResolvedImage | Error>): { context: UseCaseContext; asked: string[] } {
  const asked: string[] = [];
  const managers = ['m1', ...Object.keys(peers)];
  const { context } = peerContext(Object.fromEntries(managers.map((id) => [`n-${id}`, id])), {
    managers,
    dispatcher: {
      resolveImage: async () => {
        asked.push('m1');
        return own;
      },
    },
    peers: {
      resolveImage: async ({ id }) => {
        asked.push(id);
        const answer = peers[id];
        if (answer instanceof Error || !answer) throw answer;
        return answer;
      },
    },
  });
  return { context, asked };
}

describe('the digest of an image', () => {
  it('is told by an agent of the manager that is asked', async () => {
    const { context, asked } = contextOf(DIGEST, { m2: NOBODY });
    assert.deepEqual(await imageDigest(context, 'app:1'), DIGEST);
    assert.deepEqual(asked, ['m1']);
  });

  it('is told by an agent of another manager where none here can', async () => {
    const { context, asked } = contextOf(NOBODY, { m2: new ApiError('unavailable', 'm2 cannot be reached'), m3: DIGEST });
    assert.deepEqual(await imageDigest(context, 'app:1'), DIGEST);
    assert.deepEqual(asked, ['m1', 'm2', 'm3']);
  });

  it('is not known when nobody can tell, and no more managers are asked than a person would wait for', async () => {
    const refused = { error: 'registry is away' };
    const { context, asked } = contextOf(NOBODY, { m2: NOBODY, m3: refused, m4: DIGEST });
    assert.deepEqual(await imageDigest(context, 'app:1'), refused);
    assert.deepEqual(asked, ['m1', 'm2', 'm3']);
  });

  it('is told to other managers by the own agents alone, and to none that means another', async () => {
    const { context, asked } = contextOf(NOBODY, { m2: DIGEST });
    assert.deepEqual(await relayImage(context, { manager: 'm1' }, 'app:1'), NOBODY);
    assert.deepEqual(asked, ['m1']);
    await assert.rejects(relayImage(context, { manager: 'm9' }, 'app:1'), { code: 'not-found' });
  });
});
