import { type Filter, PASS } from './filter.js';

/** Room that is being made for tasks of higher priority is theirs. */
export const keptFilter: Filter = {
  name: 'kept',
  prepare({ serviceId, priority }, table) {
    const { kept } = table;
    if (kept.isEmpty) return undefined;
    // Reasons are numbers: one for each different keeper that was met.
    const met: string[] = [];
    return {
      refuse(index) {
        const keeper = kept.at(index);
        if (!keeper || keeper.priority <= priority || keeper.serviceId === serviceId) return PASS;
        const text = `kept for tasks of ${keeper.serviceName} (priority ${keeper.priority})`;
        if (!met.includes(text)) met.push(text);
        return met.indexOf(text);
      },
      explain: (reason) => met[reason]!,
    };
  },
};
