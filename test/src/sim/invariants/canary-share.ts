import type { Service } from '@tessera/api';
import { isWanted, slotKey } from '@tessera/manager/model/task';
import type { ClusterView } from '@tessera/manager/model/view';
import { concernsCurrent, isCanary } from '@tessera/manager/plan/service/update/status';
import type { Invariant } from './invariant.js';

/** Until a canary is promoted, no more of the service's tasks are new ones than its share. */
export const canaryShare: Invariant = {
  name: 'canary-share',
  watch({ world }, violated) {
    const dirty = new Set<string>();
    return {
      onChange({ kind, object }) {
        if (kind === 'tasks' && object) dirty.add(object.serviceId);
      },
      onMoment() {
        for (const serviceId of dirty) {
          const service = world.view.get('services', serviceId);
          const share = service && shareOf(service);
          if (!service || share === undefined || !isCanary(service) || !concernsCurrent(world.view, service)) continue;
          const slots = newSlots(world.view, service);
          if (slots > share) violated(`${service.spec.name} has ${slots} new tasks, though its canary of ${share} was not promoted`);
        }
        dirty.clear();
      },
    };
  },
};

function shareOf({ spec: { canary, mode } }: Service): number | undefined {
  if (!canary || mode.kind !== 'replicated') return undefined;
  return 'count' in canary ? canary.count : Math.ceil((canary.percent * mode.replicas) / 100);
}

/** Slots that the update has brought to its template: those that have it from an earlier spec were never old. */
function newSlots(view: ClusterView, { id, templateHash, update }: Service): number {
  const since = update?.specRevision ?? 0;
  const tasks = [...view.tasksOfService(id)].filter(
    (task) => isWanted(task) && task.templateHash === templateHash && task.specRevision >= since,
  );
  return new Set(tasks.map(slotKey)).size;
}
