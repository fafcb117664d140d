import type { PlanResult, Service, ServiceProgress } from '@tessera/api';
import type { ClusterView } from '../model/view.js';
import type { StoreChange } from '../ports/store.js';

/** How near a service is to what was asked, by its tasks alone. */
export function serviceProgress(view: ClusterView, service: Service, _now: number): ServiceProgress {
  const { mode, template, name } = service.spec;
  const running = [...view.tasksOfService(service.id)].filter(
    (task) => task.status.state === 'running' && (task.status.health ?? 'healthy') === 'healthy',
  );
  const updated = running.filter((task) => task.templateHash === service.templateHash).length;
  const desired = mode.kind === 'replicated' ? mode.replicas : mode.kind === 'replicated-job' ? mode.completions : view.count('nodes');
  const ports = service.ports.map((port) => `${port.published}->${port.target}/${port.protocol}`);
  return {
    serviceId: service.id,
    name,
    mode: mode.kind,
    image: template.container.image,
    desired,
    running: running.length,
    updated,
    converged: updated === desired && running.length === desired,
    ports,
  };
}

export function previewDeploy(_view: ClusterView, _changes: readonly StoreChange[], _now: number): Pick<PlanResult, 'tasks' | 'unplaced'> {
  return { tasks: [], unplaced: [] };
}
