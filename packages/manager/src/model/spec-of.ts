import { type PublishedPort, type ServiceSpec, serviceRevisionId, type Task } from '@tessera/api';
import type { ClusterView } from './view.js';

/** What a task was made from, and the ports that it publishes. */
export interface TaskSource {
  spec: ServiceSpec;
  ports: readonly PublishedPort[];
}

/**
 * The spec that holds for a task: the service's current one while the template is the same (so that new placement and
 * labels hold for running tasks), else the revision that it was made from.
 */
export function sourceOf(view: ClusterView, task: Task): TaskSource | undefined {
  const service = view.get('services', task.serviceId);
  if (service?.templateHash === task.templateHash) return { spec: service.spec, ports: service.ports };
  const revision = view.get('revisions', serviceRevisionId(task.serviceId, task.specRevision));
  return revision && { spec: revision.spec, ports: revision.spec.ports };
}
