import type { Task } from '@tessera/api';
import { isRunning, isToldToGo, isWanted, slotKey } from '@tessera/manager/model/task';
import { movesStartFirst } from '@tessera/manager/plan/service/starts-first';
import { short } from '../world/history.js';
import type { SimWorld } from '../world/world.js';
import type { Invariant } from './invariant.js';

/** A task that is moved, by a rebalance, is told to go only when its successor runs. */
export const movesFirst: Invariant = {
  name: 'moves-start-first',
  watch({ world }, violated) {
    const moving = new Map<string, Task>();
    /** Moved tasks that were told to go in this moment. */
    const going: Task[] = [];
    return {
      onChange({ kind, id, object }) {
        if (kind !== 'tasks') return;
        const before = moving.get(id);
        moving.delete(id);
        if (object?.move && isWanted(object)) moving.set(id, object);
        if (before && object && isRunning(before) && isRunning(object) && isToldToGo(object)) going.push(object);
      },
      onMoment() {
        for (const task of going.splice(0))
          if (hasHasted(world, task)) violated(`${task.serviceName} ${short(task.id)} was moved, and stopped before its successor ran`);
      },
    };
  },
};

/** Another task of its slot, made from the same spec, is still on its way. */
function hasHasted({ view }: SimWorld, moved: Task): boolean {
  const service = view.get('services', moved.serviceId);
  if (!service || service.templateHash !== moved.templateHash || !movesStartFirst(service.spec)) return false;
  const heirs = [...view.tasksOfService(moved.serviceId)].filter((task) => isWanted(task) && slotKey(task) === slotKey(moved));
  return heirs.length > 0 && !heirs.some(isRunning);
}
