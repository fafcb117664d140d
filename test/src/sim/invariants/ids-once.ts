import type { Task } from '@tessera/api';
import { sourceOf } from '@tessera/manager/model/spec-of';
import { isToldToGo } from '@tessera/manager/model/task';
import { holdsClaim } from '@tessera/manager/schedule/claim';
import type { SimWorld } from '../world/world.js';
import { isExcused } from './given-up.js';
import type { Invariant } from './invariant.js';

/** 2. No named resource, such as a GPU, is given to two live tasks of a node, and each task has as many as it reserves. */
export const idsOnce: Invariant = {
  name: 'ids-once',
  watch({ world }, violated) {
    /** Nodes to look at: something was given to them, or was left out as excused, which passes with time. */
    const dirty = new Set<string>();
    return {
      onChange({ kind, object }) {
        if (kind === 'tasks' && object?.nodeId !== undefined) dirty.add(object.nodeId);
      },
      onMoment() {
        for (const nodeId of dirty) if (!checkNode(world, nodeId, violated)) dirty.delete(nodeId);
      },
    };
  },
};

/** Returns whether something was left out. */
function checkNode(world: SimWorld, nodeId: string, violated: (what: string) => void): boolean {
  const node = world.node(nodeId);
  const holders = new Map<string, string>();
  let isIncomplete = false;
  for (const task of node ? world.view.tasksOfNode(nodeId) : []) {
    if (!holdsClaim(task)) continue;
    if (isToldToGo(task) && isExcused(world, node!, task.id)) {
      isIncomplete = true;
      continue;
    }
    const given = idsOf(task);
    for (const id of given) {
      const holder = holders.get(id);
      if (holder !== undefined) violated(`${id} of ${nodeId} is given to ${holder} and ${task.id}`);
      holders.set(id, task.id);
    }
    const wanted = reserved(world, task);
    if (wanted !== undefined && wanted !== given.length)
      violated(`${task.id} on ${nodeId} reserves ${wanted} and has ${given.join() || 'none'}`);
  }
  return isIncomplete;
}

function idsOf({ resources = [] }: Task): string[] {
  return resources.flatMap(({ kind, ids }) => ids.map((id) => `${kind} ${id}`));
}

/** Nothing when what the task was made from is gone. */
function reserved(world: SimWorld, task: Task): number | undefined {
  return sourceOf(world.view, task)?.spec.template.reservations.generic.reduce((sum, { count }) => sum + count, 0);
}
