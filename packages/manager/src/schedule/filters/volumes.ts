import { type Filter, PASS } from './filter.js';

/**
 * Tasks with local volumes go to where their data is, each to its own node: what refuses others is told with the task. This says only what may
 * change that: any node, and tasks of the service.
 */
export const volumeFilter: Filter = {
  name: 'volumes',
  prepare({ serviceId, homeOf }) {
    if (!homeOf) return undefined;
    return { refuse: () => PASS, explain: () => '', helpedByTask: (claim) => claim.serviceId === serviceId };
  },
};
