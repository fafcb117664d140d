import { holds } from '../constraint.js';
import { constraintsOf } from '../fit.js';
import { type Filter, PASS } from './filter.js';

/** All constraints of the service hold. */
export const constraintFilter: Filter = {
  name: 'constraints',
  prepare({ spec }, table) {
    if (spec.placement.constraints.length === 0) return undefined;
    const constraints = constraintsOf(spec.placement);
    const broken = table.column(`constraints ${JSON.stringify(spec.placement.constraints)}`, (node) => {
      const first = constraints.findIndex((constraint) => 'broken' in constraint || !holds(constraint, node));
      return first < 0 ? PASS : first;
    });
    return { refuse: (index) => broken.at(index), explain: (reason) => `constraint ${constraints[reason]!.text}` };
  },
};
