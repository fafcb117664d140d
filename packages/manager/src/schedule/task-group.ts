import type { Task } from '@tessera/api';
import { sourceOf } from '../model/spec-of.js';
import type { ClusterView } from '../model/view.js';
import { affinitiesOf } from './affinity/rules.js';
import { claimOf } from './claim.js';
import type { TaskGroup } from './filters/filter.js';
import { homeOf, localVolumes } from './home.js';
import { priorityOf } from './priority.js';
import { yieldingNodes } from './yielding.js';

/** The group of tasks that are like this one; nothing when what it was made from is gone. */
export function taskGroupOf(view: ClusterView, task: Task): TaskGroup | undefined {
  const { serviceId, templateHash } = task;
  const source = sourceOf(view, task);
  if (!source) return undefined;
  const volumes = localVolumes(source.spec);
  return {
    serviceId,
    templateHash,
    spec: source.spec,
    claim: claimOf(serviceId, source),
    affinities: affinitiesOf(view, serviceId, source.spec),
    priority: priorityOf(view, task),
    yielding: (table) => yieldingNodes(view, { serviceId, templateHash, spec: source.spec }, table),
    ...(volumes.length > 0 && { homeOf: (one, table) => homeOf(view, table, source.spec, volumes, one) }),
  };
}
