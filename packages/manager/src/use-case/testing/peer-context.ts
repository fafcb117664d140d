import type { Manager, ObjectChange } from '@tessera/api';
import type { Clock } from '@tessera/kit';
import { readyNode } from '../../model/testing/builders.js';
import { IndexedView } from '../../model/view.js';
import type { Dispatcher } from '../../ports/dispatcher.js';
import type { Peers } from '../../ports/peers.js';
import type { UseCaseContext } from '../context.js';

/** A manager as the store has it: `host-<id>`. */
function manager(id: string): Manager {
  return { id, revision: 1, createdAt: 1, updatedAt: 1, hostname: `host-${id}`, addresses: [], version: '1' };
}

/** What manager m1 works with, beside others, and what it may ask. */
export interface PeerContext {
  context: UseCaseContext;
  view: IndexedView;
  /** The manager goes without a word. */
  vanish(managerId: string): void;
  /** Those who listen to the store now. */
  listeners: ReadonlySet<unknown>;
}

/**
 * The context of manager m1 among others.
 * @param nodes the id of each node's manager, by the node's id; m1 and m2 are there, others are not unless they are `managers`
 */
export function peerContext(
  nodes: Readonly<Record<string, string>>,
  parts: { dispatcher: Partial<Dispatcher>; peers?: Partial<Peers>; managers?: readonly string[]; clock?: Clock },
): PeerContext {
  const view = new IndexedView();
  const listeners = new Set<(change: ObjectChange) => void>();
  for (const id of parts.managers ?? ['m1', 'm2']) view.apply({ kind: 'managers', id, object: manager(id), revision: 1 });
  for (const [id, managerId] of Object.entries(nodes))
    view.apply({ kind: 'nodes', id, object: { ...readyNode(id), session: { manager: managerId, epoch: 1 } }, revision: 1 });
  const onChange = (listener: (change: ObjectChange) => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const context = { presence: { id: 'm1' }, store: { view, onChange }, random: { next: () => 0 }, ...parts } as unknown as UseCaseContext;
  const vanish = (id: string): void => {
    for (const listener of [...listeners]) listener({ kind: 'managers', id, object: undefined, revision: 9 });
  };
  return { context, view, vanish, listeners };
}
