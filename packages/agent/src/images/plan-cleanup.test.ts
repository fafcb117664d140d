import assert from 'node:assert/strict';
import { planImageCleanup } from './plan-cleanup.js';

const pulled = [
  { reference: 'old', lastUsedAt: 0 },
  { reference: 'mid', lastUsedAt: 500 },
  { reference: 'new', lastUsedAt: 900 },
  { reference: 'used', lastUsedAt: 0 },
];
const sizes = new Map([
  ['old', 10],
  ['mid', 20],
  ['new', 30],
  ['used', 40],
]);
const inUse = new Set(['used']);

describe('planImageCleanup', () => {
  it('removes what was unused for too long and never what is in use (moby/moby 31254: no image clean-up)', () => {
    const plan = planImageCleanup({ pulled, sizes, inUse }, { unusedMs: 600, diskBytes: 0 }, 1_000);
    assert.deepEqual(plan, { remove: ['old'], touch: [{ reference: 'used', lastUsedAt: 1_000 }], gone: [] });
  });

  it('removes the longest unused until the rest fits', () => {
    assert.deepEqual(planImageCleanup({ pulled, sizes, inUse }, { unusedMs: 0, diskBytes: 75 }, 1_000).remove, ['old', 'mid']);
    assert.deepEqual(planImageCleanup({ pulled, sizes, inUse }, { unusedMs: 0, diskBytes: 1 }, 1_000).remove, ['old', 'mid', 'new']);
  });

  it('does nothing when switched off, and forgets what someone else removed', () => {
    const plan = planImageCleanup({ pulled, sizes: new Map([['old', 1]]), inUse: new Set() }, { unusedMs: 0, diskBytes: 0 }, 1_000);
    assert.deepEqual(plan, { remove: [], touch: [], gone: ['mid', 'new', 'used'] });
  });
});
