import type { Service, Task } from '@tessera/api';
import { isWanted, slotKey } from '@tessera/manager/model/task';
import type { ClusterView } from '@tessera/manager/model/view';
import { short } from '../world/history.js';
import type { Invariant } from './invariant.js';

/** Of each run of a job, no more tasks than it may have at a time, none beyond its completions, and none that does again what is done. */
export const jobTasks: Invariant = {
  name: 'job-tasks',
  watch({ world }, violated) {
    /** The task that brought a slot of a run to its good end. */
    const done = new Map<string, string>();
    /** Jobs whose tasks have changed in this moment. */
    const dirty = new Set<string>();
    return {
      onChange({ kind, id, object }) {
        if (kind !== 'tasks' || object?.run === undefined) return;
        dirty.add(object.serviceId);
        const slot = `${object.serviceId}/${slotKey(object)}`;
        const before = done.get(slot);
        if (object.status.state === 'complete' && before === undefined) done.set(slot, id);
        else if (before !== undefined && before !== id && isMade(object))
          violated(`${object.serviceName} ${slotKey(object)} was done by ${short(before)}, and is done again by ${short(id)}`);
      },
      onMoment() {
        for (const serviceId of dirty) {
          const service = world.view.get('services', serviceId);
          const problem = service && problemOf(world.view, service);
          if (problem) violated(`job ${service.spec.name} ${problem}`);
        }
        dirty.clear();
      },
    };
  },
};

/** It has just been made: nobody knew better once its predecessor was done. */
function isMade({ revision, createdAt, updatedAt, status }: Task): boolean {
  return revision > 0 && createdAt === updatedAt && status.state === 'pending';
}

function problemOf(view: ClusterView, { id, spec: { mode } }: Service): string | undefined {
  if (mode.kind !== 'replicated-job') return undefined;
  const active = new Map<number, Set<string>>();
  for (const task of view.tasksOfService(id)) {
    if (!isWanted(task) || task.run === undefined) continue;
    active.set(task.run, (active.get(task.run) ?? new Set()).add(slotKey(task)));
  }
  for (const [run, slots] of active)
    if (mode.concurrency > 0 && slots.size > mode.concurrency)
      return `has ${slots.size} tasks of run ${run} under way, and ${mode.concurrency} may be`;
  return undefined;
}
