import { isWanted } from '../model/task.js';
import type { ClusterView } from '../model/view.js';
import { holdsClaim } from './claim.js';
import type { TaskGroup } from './filters/filter.js';
import type { NodeTable } from './node-table.js';

/**
 * Nodes, by index, of tasks that run on only until tasks of the group do in their place, which is how updates go that start first. They are as good as
 * gone: if they counted when their successors are spread, these would shun their nodes, and two might share one in the end.
 * Costs the tasks of the service, for as long as it is updated.
 */
export function yieldingNodes(view: ClusterView, { serviceId, templateHash, spec }: YieldedTo, table: NodeTable): readonly number[] {
  if (spec.update.order !== 'start-first') return [];
  const service = view.get('services', serviceId);
  if (!service?.update || service.update.completedAt !== undefined || service.templateHash !== templateHash) return [];
  const wanted = [...view.tasksOfService(serviceId)].filter(isWanted);
  const taken = new Set(wanted.filter((task) => task.templateHash === templateHash).map(({ slot }) => slot));
  const old = wanted.filter((task) => task.templateHash !== templateHash && holdsClaim(task) && taken.has(task.slot));
  return old.map(({ nodeId }) => table.indexOf(nodeId!)).filter((index) => index !== undefined);
}

type YieldedTo = Pick<TaskGroup, 'serviceId' | 'templateHash' | 'spec'>;
