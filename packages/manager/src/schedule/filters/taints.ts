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
    const refuse = (node: Node): number => {
      if (node.spec.taints === undefined) return PASS;
      const [taint] = untolerated(node, placement, REPELS);
      if (!taint) return PASS;
      const text = formatTaint(taint);
      if (!met.includes(text)) met.push(text);
      return met.indexOf(text);
    };
    return { refuse: (index) => refuse(table.node(index)!), explain: (reason) => `taint ${met[reason]} not tolerated` };
  },
};
