import { Tally } from '../affinity/tally.js';
import type { Filter } from './filter.js';

/** Near to the tasks, and apart from the tasks, that the service or another one says it must be. */
export const affinityFilter: Filter = {
  name: 'affinity',
  prepare({ serviceId, affinities: { required } }, table) {
    if (required.length === 0) return undefined;
    const tallies = required.map((rule) => new Tally(table, rule, serviceId));
    return {
      refuse: (index) => tallies.findIndex((tally) => !tally.allows(index)),
      explain: (reason) => required[reason]!.text,
      helpedByTask: (claim) => required.some(({ services }) => services.has(claim.serviceId)),
      placed(index) {
        for (const tally of tallies) tally.placed(index);
      },
    };
  },
};
