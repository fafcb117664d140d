import { type Filter, PASS } from './filter.js';

/** No more replicas of the service on one node than it allows. */
export const maxReplicasFilter: Filter = {
  name: 'max-replicas',
  prepare({ serviceId, spec }, table) {
    const most = spec.placement.maxReplicasPerNode;
    if (most === 0) return undefined;
    return {
      helpedByRoom: true,
      refuse: (index) => ((table.countsOf(serviceId).get(index) ?? 0) < most ? PASS : 0),
      explain: () => `max replicas per node (${most}) reached`,
    };
  },
};
