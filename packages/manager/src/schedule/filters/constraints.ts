import { holds } from '../constraint.js';
import { constraintsOf } from '../fit.js';
import { type Filter, PASS } from './filter.js';

/** All constraints of the service hold. */
export const constraintFilter: Filter = {
  name: 'constraints',
  prepare({ spec }, table) {
    const constraints = constraintsOf(spec.placement);
    if (constraints.length === 0) return undefined;
    return {
      refuse(index) {
        const node = table.node(index)!;
        const broken = constraints.findIndex((constraint) => 'broken' in constraint || !holds(constraint, node));
        return broken < 0 ? PASS : broken;
      },
      explain: (reason) => `constraint ${constraints[reason]!.text}`,
    };
  },
};
