import { holds } from '../constraint.js';
import type { TaskGroup } from '../filters/filter.js';
import type { NodeTable } from '../node-table.js';
import { untolerated } from '../taints.js';
import { Tally } from './tally.js';

/** More than all weights together can weigh: such a node comes after every one without. */
const SOFT_TAINT = 100 * 100;

/** How much a group wishes for each node: higher is better. */
export interface Score {
  of(index: number): number;
  /** The group was given the node. @returns whether other nodes have another score now */
  placed(index: number): boolean;
}

/** The weights of what is true of a node, and what taints that are only to be avoided take off. Nothing when all nodes are alike. */
export function scoreOf({ serviceId, affinities, spec: { placement } }: TaskGroup, table: NodeTable): Score | undefined {
  const { wished, nodes } = affinities;
  if (wished.length === 0 && nodes.length === 0 && table.softTaints === 0) return undefined;
  const fixed = table.column(
    `wishes ${JSON.stringify([nodes.map(({ constraint, weight }) => [constraint.text, weight]), placement.tolerations])}`,
    (node) =>
      nodes.reduce(
        (sum, { constraint, weight }) => sum + (holds(constraint, node) ? weight : 0),
        -SOFT_TAINT * untolerated(node, placement, ['prefer-no-schedule']).length,
      ),
  );
  const tallies = wished.map(({ rule, weight }) => ({
    tally: new Tally(table, rule, serviceId),
    weight: rule.kind === 'near' ? weight : -weight,
  }));
  return {
    of: (index) => tallies.reduce((sum, { tally, weight }) => sum + (tally.has(index) ? weight : 0), fixed.at(index)),
    placed: (index) => tallies.map(({ tally }) => tally.placed(index)).some((changes) => changes),
  };
}
