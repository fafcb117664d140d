import type { Node, Service, Task } from '@tessera/api';
import { OverlayView } from '../../model/overlay.js';
import { isWanted } from '../../model/task.js';
import type { ClusterView } from '../../model/view.js';
import { fitsPlacement, takesTasks } from '../../schedule/fit.js';
import type { Change, Plan } from '../plan.js';
import { LEAST_GAIN, type Move, obstacleTo, planMoves } from './moves.js';

/** A node that has just come back may go again: no task moves to it before. */
const SETTLED_MS = 30_000;

/**
 * Moves tasks of services with `x-rebalance`, within the budget of each, one batch after the other has arrived. Planning on
 * the plan's own result gives nothing.
 */
export function planRebalance(view: ClusterView, now: number): Plan {
  const services = [...view.all('services')].filter((service) => service.spec.rebalance && isUneven(view, service));
  if (services.length === 0) return { changes: [] };
  const fresh = [...view.all('nodes')].filter(({ status }) => status.state === 'ready' && status.at + SETTLED_MS > now);
  const settled = without(view, fresh);
  const changes = services.flatMap((service) =>
    planMoves(settled, [service], now, service.spec.rebalance!.budget, isUntried).map((move) => order(view, move, now)),
  );
  const soonest = Math.min(...fresh.map(({ status }) => status.at + SETTLED_MS));
  return fresh.length === 0 ? { changes } : { changes, againInMs: soonest - now };
}

/** A task whose move was given up is moved by nobody but the user, who may have mended what was in its way. */
function isUntried({ move }: Task): boolean {
  return move === undefined;
}

/** Tells a task to move: the service's planner starts its successor first and lets the scheduler place it. */
export function order(view: ClusterView, { task, from, to }: Move, now: number): Change {
  const stored = view.get('tasks', task.id)!;
  const move = { at: now, reason: `moves from ${from.name} to ${to.name} for a more even spread` };
  return { type: 'put', kind: 'tasks', object: { ...stored, move }, expect: { revision: stored.revision } };
}

/** Cheap to see: whether some node has so many tasks more than another one that a move could pay. */
function isUneven(view: ClusterView, service: Service): boolean {
  if (obstacleTo(view, service) !== undefined) return false;
  if (service.spec.placement.preferences.length > 0) return true;
  const counts = new Map<string, number>();
  for (const node of view.all('nodes'))
    if (takesTasks(node, service.spec.placement) && fitsPlacement(service.spec.placement, node)) counts.set(node.id, 0);
  for (const { nodeId = '', ...task } of view.tasksOfService(service.id))
    if (isWanted({ nodeId, ...task })) counts.set(nodeId, (counts.get(nodeId) ?? 0) + 1);
  return Math.max(...counts.values()) - Math.min(...counts.values()) >= LEAST_GAIN;
}

/** The view in which these nodes take no new tasks. */
function without(view: ClusterView, nodes: readonly Node[]): ClusterView {
  if (nodes.length === 0) return view;
  const overlay = new OverlayView(view);
  for (const node of nodes)
    overlay.apply({ type: 'put', kind: 'nodes', object: { ...node, spec: { ...node.spec, availability: 'pause' } } });
  return overlay;
}
