import assert from 'node:assert/strict';
import { readyNode } from '../model/testing/builders.js';
import { GivenIds } from './given-ids.js';

const NODE = readyNode('n1', { resources: { generic: [{ kind: 'gpu', count: 2, ids: ['g1', 'g2'] }] } });
const WANTED = [{ kind: 'gpu', count: 1 }];
const G1 = [{ kind: 'gpu', ids: ['g1'] }];

describe('ids of named resources', () => {
  it('are free again once the task has gone', () => {
    const given = new GivenIds();
    given.put({ id: 'a', resources: G1 }, 0);
    assert.deepEqual(given.choose(0, NODE, WANTED), [{ kind: 'gpu', ids: ['g2'] }]);
    given.release('a');
    assert.deepEqual(given.choose(0, NODE, WANTED), G1);
  });

  it('stay taken when a task ends whose successor on the node was heard of first and has them', () => {
    const given = new GivenIds();
    given.put({ id: 'a', resources: G1 }, 0);
    given.put({ id: 'b', resources: G1 }, 0);
    given.put({ id: 'a', resources: G1 }, 0);
    given.release('a');
    assert.deepEqual(given.choose(0, NODE, WANTED), [{ kind: 'gpu', ids: ['g2'] }]);
  });
});
