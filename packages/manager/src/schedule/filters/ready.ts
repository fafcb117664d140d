import type { Node } from '@tessera/api';
import { type Filter, PASS } from './filter.js';

const REASONS = ['down', 'not yet connected', 'drained', 'paused'];

/** Only nodes that are up and take tasks. */
export const readyFilter: Filter = {
  name: 'ready',
  prepare(_group, table) {
    const reasons = table.column('ready', reasonOf);
    return { refuse: (index) => reasons.at(index), explain: (reason) => REASONS[reason]! };
  },
};

function reasonOf(node: Node): number {
  if (node.status.state === 'down') return 0;
  if (node.status.state !== 'ready' || !node.description) return 1;
  if (node.spec.availability === 'drain') return 2;
  return node.spec.availability === 'pause' ? 3 : PASS;
}
