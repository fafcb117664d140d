import type { Node, Placement } from '@tessera/api';
import { attributeOf } from '../../schedule/constraint.js';

/**
 * How many tasks fewer of a service there are where one would go than where it is: 2 or more makes the spread better.
 * Counted by the first attribute to spread over in which the two nodes differ, outermost first; else by node.
 * @param nodes the node of each task of the service
 */
export function gainOf({ preferences }: Placement, nodes: readonly Node[], from: Node, to: Node): number {
  const attribute = preferences.map(({ spread }) => spread).find((key) => attributeOf(from, key) !== attributeOf(to, key));
  const placeOf = (node: Node): string => (attribute === undefined ? node.id : attributeOf(node, attribute));
  const count = (place: string): number => nodes.filter((node) => placeOf(node) === place).length;
  return count(placeOf(from)) - count(placeOf(to));
}
