import assert from 'node:assert/strict';
import type { NetworkBlock, ObjectChange, Task } from '@tessera/api';
import { VirtualClock } from '@tessera/kit';
import { readyNode } from '../../model/testing/builders.js';
import { IndexedView } from '../../model/view.js';
import { LEAVE_LIMIT_MS, LeaveGate } from './leave-gate.js';

const meta = { revision: 1, createdAt: 0, updatedAt: 0 };

function setUp(...nodeIds: string[]) {
  const clock = new VirtualClock();
  const view = new IndexedView();
  const elsewhere = new Set<string>();
  const released: string[] = [];
  for (const id of nodeIds) {
    view.apply({ kind: 'nodes', id, object: { ...readyNode(id), id }, revision: 1 } as ObjectChange);
    const block: NetworkBlock = { ...meta, id: `netn${id}`, networkId: 'net', nodeId: id, subnet: '10.0.0.0/24' };
    view.apply({ kind: 'blocks', id: block.id, object: block, revision: 1 });
  }
  const gate = new LeaveGate({ view, clock, isElsewhere: (nodeId) => elsewhere.has(nodeId), release: ({ id }) => void released.push(id) });
  return { clock, elsewhere, released, gate };
}

function task(id: string, networks = ['net']): Task {
  const addresses = Object.fromEntries(networks.map((network) => [network, '10.0.0.2']));
  const status = { state: 'running' as const, at: 0, message: '', addresses };
  return {
    ...meta,
    id,
    serviceId: 's',
    serviceName: 's',
    specRevision: 1,
    templateHash: 'h',
    slot: 1,
    nodeId: 'a',
    desired: 'shutdown',
    status,
  };
}

describe('the gate of leaving tasks', () => {
  it('lets a task go when all nodes of its networks have applied a set without it', () => {
    const { gate, released } = setUp('a', 'b');
    gate.hold(task('t'));
    for (const nodeId of ['a', 'b']) gate.flushed(nodeId, 7);
    gate.applied('a', 7);
    gate.applied('b', 6);
    assert.deepEqual([gate.isHeld('t'), released], [true, []]);
    gate.applied('b', 7);
    assert.deepEqual([gate.isHeld('t'), released], [false, ['t']]);
  });

  it('does not take what was applied before for it', () => {
    const { gate, released } = setUp('a');
    gate.applied('a', 7);
    gate.hold(task('t'));
    gate.flushed('a', 8);
    assert.deepEqual(released, []);
    gate.applied('a', 8);
    assert.deepEqual(released, ['t']);
  });

  it('lets it go at once where nothing had to be sent', () => {
    const { gate, released } = setUp('a');
    gate.applied('a', 7);
    gate.hold(task('t'));
    gate.flushed('a', 7);
    assert.deepEqual(released, ['t']);
  });

  it('begins anew with a node that connects anew, whose numbers begin anew', () => {
    const { gate, released } = setUp('a');
    gate.hold(task('t'));
    gate.flushed('a', 40);
    gate.opened('a');
    gate.flushed('a', 1);
    assert.deepEqual(released, []);
    gate.applied('a', 1);
    assert.deepEqual(released, ['t']);
  });

  it('does not wait for a node that is down', () => {
    const { gate, released } = setUp('a', 'b');
    gate.hold(task('t'));
    gate.flushed('a', 1);
    gate.applied('a', 1);
    gate.gone('b');
    assert.deepEqual(released, ['t']);
  });

  it('gives nodes that another manager serves a fixed short time', async () => {
    const { gate, released, elsewhere, clock } = setUp('a', 'b');
    elsewhere.add('b');
    gate.hold(task('t'));
    gate.flushed('a', 1);
    gate.applied('a', 1);
    await clock.advance(499);
    assert.deepEqual(released, []);
    await clock.advance(1);
    assert.deepEqual(released, ['t']);
  });

  it('gives as long to a node that goes to another manager meanwhile, and goes on waiting for one that comes back', async () => {
    const { gate, released, elsewhere, clock } = setUp('a', 'b');
    gate.hold(task('t'));
    gate.moved('a');
    elsewhere.add('b');
    gate.moved('b');
    await clock.advance(500);
    assert.deepEqual(released, []);
    gate.opened('a');
    gate.flushed('a', 1);
    gate.applied('a', 1);
    assert.deepEqual(released, ['t']);
  });

  it('waits for nobody for ever', async () => {
    const { gate, released, clock } = setUp('a', 'b');
    gate.hold(task('t'));
    await clock.advance(LEAVE_LIMIT_MS);
    assert.deepEqual(released, ['t']);
    assert.equal(clock.pending, 0);
  });

  it('holds each task once, and none that is on no network of a node', () => {
    const { gate } = setUp('a');
    gate.hold(task('alone', []));
    assert.equal(gate.isHeld('alone'), false);
    gate.hold(task('t'));
    gate.flushed('a', 1);
    gate.applied('a', 1);
    gate.hold(task('t'));
    assert.equal(gate.isHeld('t'), false);
  });

  it('forgets a task that has ended, with its timers', () => {
    const { gate, released, clock } = setUp('a');
    gate.hold(task('t'));
    gate.drop('t');
    assert.deepEqual([gate.isHeld('t'), released, clock.pending], [false, [], 0]);
  });
});
