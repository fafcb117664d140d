import assert from 'node:assert/strict';
import type { Manager, Node } from '@tessera/api';
import { readyNode } from '../model/testing/builders.js';
import { IndexedView } from '../model/view.js';
import { planAbsence } from './absence.js';

const GRACE_MS = 10_000;
const served: Node = { ...readyNode('n1'), session: { manager: 'm1', epoch: 3 } };
const manager: Manager = { id: 'm1', revision: 2, createdAt: 1, updatedAt: 1, hostname: 'm1', addresses: [], version: '1' };

describe('planAbsence', () => {
  let view: IndexedView;

  beforeEach(() => {
    view = new IndexedView();
  });

  it('leaves a node alone whose manager is there: that one hears its agent', () => {
    view.apply({ kind: 'managers', id: 'm1', object: manager, revision: 2 });
    assert.deepEqual(planAbsence(view, served, GRACE_MS * 2, GRACE_MS, 5), { changes: [] });
  });

  it('waits for a node whose manager is gone, and then says that it is down', () => {
    assert.deepEqual(planAbsence(view, served, 4_000, GRACE_MS, 5), { changes: [], againInMs: 6_000 });
    const [change] = planAbsence(view, served, GRACE_MS, GRACE_MS, 5).changes;
    assert.ok(change?.type === 'put' && change.kind === 'nodes');
    assert.deepEqual([change.object.status.state, change.object.status.at, change.expect], ['down', 5, { revision: served.revision }]);
    assert.deepEqual(change.object.session, served.session);
  });

  it('has nothing to say of nodes that are down or have never connected', () => {
    for (const state of ['down', 'unknown'] as const)
      assert.deepEqual(planAbsence(view, { ...served, status: { state, message: '', at: 1 } }, GRACE_MS, GRACE_MS, 5), { changes: [] });
  });
});
