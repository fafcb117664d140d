import type { Node } from '@tessera/api';
import type { ClusterView } from '../model/view.js';
import type { Plan } from './plan.js';

/** Whether the node counts as ready on the word of a manager that is gone: nobody hears its agent, as far as the store knows. */
export function isUnheard(view: ClusterView, node: Node): boolean {
  if (node.status.state !== 'ready') return false;
  return node.session === undefined || view.get('managers', node.session.manager) === undefined;
}

/**
 * A node whose manager is gone has so long to come to another one; then it is down.
 * @param unheardForMs for how long the leader has seen that its manager is gone
 */
export function planAbsence(view: ClusterView, node: Node, unheardForMs: number, graceMs: number, now: number): Plan {
  if (!isUnheard(view, node)) return { changes: [] };
  if (unheardForMs < graceMs) return { changes: [], againInMs: graceMs - unheardForMs };
  const message = 'its manager is gone, and its agent did not connect to another one';
  const object = { ...node, status: { state: 'down' as const, message, at: now } };
  return { changes: [{ type: 'put', kind: 'nodes', object, expect: { revision: node.revision } }] };
}
