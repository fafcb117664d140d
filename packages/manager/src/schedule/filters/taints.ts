import type { Node } from '@tessera/api';
import { formatTaint } from '@tessera/api/placement/taint';
import { REPELS, untolerated } from '../taints.js';
import { type Filter, PASS } from './filter.js';

/** Every taint that keeps tasks away is tolerated. */
export const taintFilter: Filter = {
  name: 'taints',
  prepare({ spec: { placement } }, table) {
    // Reasons are numbers: one for each different taint that was met.
    const met: string[] = [];
    // Most nodes have none: that is told without looking at the node.
    const tainted = table.column('tainted', ({ spec }) => (spec.taints?.length ? 1 : 0));
    const refuse = (node: Node): number => {
      const [taint] = untolerated(node, placement, REPELS);
      if (!taint) return PASS;
      const text = formatTaint(taint);
      if (!met.includes(text)) met.push(text);
      return met.indexOf(text);
    };
    return {
      refuse: (index) => (tainted.at(index) === 0 ? PASS : refuse(table.node(index)!)),
      explain: (reason) => `taint ${met[reason]} not tolerated`,
    };
  },
};
