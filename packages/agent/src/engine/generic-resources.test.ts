import assert from 'node:assert/strict';
import { offeredResources } from './generic-resources.js';

describe('Generic resources of the engine', () => {
  it('are sets by name, and counts', () => {
    const named = (Kind: string, Value: string) => ({ NamedResourceSpec: { Kind, Value } });
    assert.deepEqual(offeredResources([named('gpu', 'a'), named('gpu', 'b'), { DiscreteResourceSpec: { Kind: 'ssd', Value: 3 } }]), [
      { kind: 'gpu', count: 2, ids: ['a', 'b'] },
      { kind: 'ssd', count: 3 },
    ]);
    assert.deepEqual(offeredResources([]), []);
  });
});
