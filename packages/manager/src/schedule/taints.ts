import type { Node, Placement, Taint } from '@tessera/api';
import { tolerates } from '@tessera/api/placement/taint';

/** Taints of the node, of one of the effects, that tasks placed so do not tolerate. */
export function untolerated(node: Node, placement: Placement, effects: readonly Taint['effect'][]): Taint[] {
  const { taints = [] } = node.spec;
  const { tolerations = [] } = placement;
  return taints.filter((taint) => effects.includes(taint.effect) && !tolerations.some((toleration) => tolerates(toleration, taint)));
}

/** Effects that keep new tasks away. */
export const REPELS: readonly Taint['effect'][] = ['no-schedule', 'no-execute'];

/** Whether tasks that are there already must go, as from a node that is drained. */
export function mustLeave(node: Node, placement: Placement): boolean {
  return node.spec.availability === 'drain' || untolerated(node, placement, ['no-execute']).length > 0;
}
