import type { Node, Placement } from '@tessera/api';
import { type Constraint, ConstraintError, parseConstraint } from '@tessera/api/placement/constraint';
import { holds } from './constraint.js';
import { hasPlatform } from './platform.js';
import { REPELS, untolerated } from './taints.js';

/**
 * Constraints of a placement, parsed. One that cannot be parsed (validation keeps such out) fits no node, so that the
 * reason shows instead of a task in the wrong place.
 */
export function constraintsOf(placement: Placement): Array<Constraint | { text: string; broken: true }> {
  return placement.constraints.map((text) => {
    try {
      return parseConstraint(text);
    } catch (error) {
      if (error instanceof ConstraintError) return { text, broken: true };
      throw error;
    }
  });
}

/** Whether a task placed so may stay on a node: its constraints and platform. Availability and resources are not asked. */
export function fitsPlacement(placement: Placement, node: Node): boolean {
  return (
    hasPlatform(node, placement.platforms) &&
    constraintsOf(placement).every((constraint) => !('broken' in constraint) && holds(constraint, node))
  );
}

/** Whether new tasks that are placed so may go to a node as far as its state and taints are concerned. */
export function takesTasks(node: Node, placement: Placement): boolean {
  const isOpen = node.status.state === 'ready' && node.spec.availability === 'active' && node.description !== undefined;
  return isOpen && untolerated(node, placement, REPELS).length === 0;
}
