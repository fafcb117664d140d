import assert from 'node:assert/strict';
import type { Manager, NetworkBlock, ObjectChange, Task } from '@tessera/api';
import { VirtualClock } from '@tessera/kit';
import { readyNode } from '../../model/testing/builders.js';
import { IndexedView } from '../../model/view.js';
import { AppliedBook, type AppliedWaiter } from './applied-book.js';
import { AppliedEverywhere } from './applied-everywhere.js';
import { LEAVE_LIMIT_MS, LeaveGate } from './leave-gate.js';

const meta = { revision: 1, createdAt: 0, updatedAt: 0 };
const OTHER: Manager = { ...meta, id: 'm2', hostname: 'other', addresses: [], version: '1' };

/** A gate for tasks on network `net`, of which each node has a block. */
function setUp(...nodeIds: string[]) {
  const clock = new VirtualClock();
  const view = new IndexedView();
  /** Nodes that the other manager serves, and who waits for what they apply. */
  const elsewhere = new Map<string, AppliedWaiter[]>();
  const released: string[] = [];
  for (const id of nodeIds) {
    view.apply({ kind: 'nodes', id, object: { ...readyNode(id), id }, revision: 1 } as ObjectChange);
    const block: NetworkBlock = { ...meta, id: `netn${id}`, networkId: 'net', nodeId: id, subnet: '10.0.0.0/24' };
    view.apply({ kind: 'blocks', id: block.id, object: block, revision: 1 });
  }
  const book = new AppliedBook(() => {});
  const everywhere = new AppliedEverywhere({
    here: book,
    elsewhere: { wait: (_manager, nodeId, _revision, waiter) => void elsewhere.get(nodeId)?.push(waiter) },
    managerOf: (nodeId) => (elsewhere.has(nodeId) ? OTHER : undefined),
  });
  const gate = new LeaveGate({ view, clock, everywhere, release: ({ id }) => void released.push(id) });
  /** The other manager says that the node has applied it. */
  const told = (nodeId: string): void => {
    for (const waiter of elsewhere.get(nodeId)?.splice(0) ?? []) waiter.applied(nodeId);
  };
  return { clock, elsewhere, told, released, gate, book, everywhere };
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
    const { gate, book, released } = setUp('a', 'b');
    gate.hold(task('t'));
    for (const nodeId of ['a', 'b']) book.flushed(nodeId, 7);
    book.applied('a', 7);
    book.applied('b', 6);
    assert.deepEqual([gate.isHeld('t'), released], [true, []]);
    book.applied('b', 7);
    assert.deepEqual([gate.isHeld('t'), released], [false, ['t']]);
  });

  it('does not take what was applied before for it', () => {
    const { gate, book, released } = setUp('a');
    book.applied('a', 7);
    gate.hold(task('t'));
    book.flushed('a', 8);
    assert.deepEqual(released, []);
    book.applied('a', 8);
    assert.deepEqual(released, ['t']);
  });

  it('lets it go at once where nothing had to be sent', () => {
    const { gate, book, released } = setUp('a');
    book.applied('a', 7);
    gate.hold(task('t'));
    book.flushed('a', 7);
    assert.deepEqual(released, ['t']);
  });

  it('begins anew with a node that connects anew, whose numbers begin anew', () => {
    const { gate, book, released } = setUp('a');
    gate.hold(task('t'));
    book.flushed('a', 40);
    book.opened('a');
    book.flushed('a', 1);
    assert.deepEqual(released, []);
    book.applied('a', 1);
    assert.deepEqual(released, ['t']);
  });

  it('does not wait for a node that is down', () => {
    const { gate, book, released, everywhere } = setUp('a', 'b');
    gate.hold(task('t'));
    book.flushed('a', 1);
    book.applied('a', 1);
    everywhere.gone('b');
    assert.deepEqual(released, ['t']);
  });

  it('waits for what another manager says of the nodes that it serves', () => {
    const { gate, book, released, elsewhere, told } = setUp('a', 'b');
    elsewhere.set('b', []);
    gate.hold(task('t'));
    book.flushed('a', 1);
    book.applied('a', 1);
    assert.deepEqual(released, []);
    told('b');
    assert.deepEqual(released, ['t']);
  });

  it('asks the next manager of a node that moves, and waits here for one that comes here', () => {
    const { gate, book, released, elsewhere, told, everywhere } = setUp('a', 'b');
    elsewhere.set('b', []);
    gate.hold(task('t'));
    elsewhere.set('a', []);
    everywhere.moved('a');
    elsewhere.delete('b');
    everywhere.moved('b');
    book.flushed('a', 1);
    book.applied('a', 1);
    told('a');
    assert.deepEqual(released, []);
    book.opened('b');
    book.flushed('b', 1);
    book.applied('b', 1);
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
    const { gate, book } = setUp('a');
    gate.hold(task('alone', []));
    assert.equal(gate.isHeld('alone'), false);
    gate.hold(task('t'));
    book.flushed('a', 1);
    book.applied('a', 1);
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
