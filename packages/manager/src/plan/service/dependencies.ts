import type { Service, ServiceSpec, Task } from '@tessera/api';
import { compareStates, isJob } from '@tessera/api';
import { replicasOf } from '../../model/replicas.js';
import { isLive, isRunning, slotKey } from '../../model/task.js';
import type { ClusterView } from '../../model/view.js';
import { newestRun } from './job/job-status.js';

type Dependency = ServiceSpec['dependsOn'][number];

/** Why a service may not start yet, in words; `undefined` when all that it depends on is there. */
export function unmetDependency(view: ClusterView, service: Service): string | undefined {
  for (const dependency of service.spec.dependsOn) {
    const reason = unmet(view, dependency);
    if (reason) return `waiting for ${dependency.service}: ${reason}`;
  }
  return undefined;
}

/**
 * When the last update of a service ended on which this one depends with `restart: true`, in milliseconds since the epoch; 0: none did. An update is what a person
 * asked for: neither scaling nor a crash of the other service counts.
 */
export function dependencyUpdatedAt(view: ClusterView, { spec }: Service): number {
  const updates = spec.dependsOn.filter(({ restart }) => restart).map(({ service }) => view.byName('services', service)?.update);
  return Math.max(0, ...updates.map((update) => update?.completedAt ?? 0));
}

/** It was made and started before the update of a dependency ended: it is to be started anew. Jobs run to their end. */
export function isOutrunBy(updatedAt: number, task: Task, { spec }: Service): boolean {
  if (isJob(spec.mode) || task.createdAt >= updatedAt || compareStates(task.status.state, 'starting') < 0) return false;
  return (task.status.startedAt ?? task.status.at) < updatedAt;
}

function unmet(view: ClusterView, dependency: Dependency): string | undefined {
  const other = view.byName('services', dependency.service);
  if (!other) return dependency.required ? 'there is no such service' : undefined;
  const run = newestRun(other)?.number;
  const tasks = [...view.tasksOfService(other.id)].filter((task) => task.run === run);
  const best = bestBySlot(tasks, dependency.condition);
  const wanted = Math.max(wantedSlots(other), best.size);
  const met = [...best.values()].filter(Boolean).length;
  if (met >= wanted && (wanted > 0 || isEmpty(other))) return undefined;
  return `${met} of ${wanted} ${wanted === 1 ? 'task' : 'tasks'} ${WORDS[dependency.condition]}`;
}

const WORDS: Readonly<Record<Dependency['condition'], string>> = {
  service_started: 'started',
  service_healthy: 'healthy',
  service_completed_successfully: 'completed',
};

/** Whether some task of each slot meets the condition. */
function bestBySlot(tasks: Iterable<Task>, condition: Dependency['condition']): Map<string, boolean> {
  const met = new Map<string, boolean>();
  for (const task of tasks)
    if (task.desired !== 'remove') met.set(slotKey(task), (met.get(slotKey(task)) ?? false) || meets(task, condition));
  return met;
}

function meets(task: Task, condition: Dependency['condition']): boolean {
  switch (condition) {
    case 'service_started':
      return (isLive(task) && compareStates(task.status.state, 'starting') >= 0) || task.status.state === 'complete';
    case 'service_healthy':
      return isRunning(task);
    case 'service_completed_successfully':
      return task.status.state === 'complete';
  }
}

/** Slots that the service is sure to have; those of global services are seen once their tasks exist. */
function wantedSlots(service: Service): number {
  const { mode } = service.spec;
  if (mode.kind === 'replicated') return replicasOf(service);
  return mode.kind === 'replicated-job' ? mode.completions : 0;
}

/** It wants no tasks at all, so there is nothing to wait for. */
function isEmpty(service: Service): boolean {
  const { mode } = service.spec;
  return (mode.kind === 'replicated' && replicasOf(service) === 0) || (mode.kind === 'replicated-job' && mode.completions === 0);
}
