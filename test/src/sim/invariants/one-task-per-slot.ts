import { LABELS } from '@tessera/agent/model/labels';
import { isWanted, slotKey } from '@tessera/manager/model/task';
import { short } from '../world/history.js';
import type { SimWorld } from '../world/world.js';
import { isExcused } from './given-up.js';
import type { Invariant } from './invariant.js';

/**
 * 1. No two live tasks of one slot: by what the store wants, and by the containers that really run, on all nodes. Left out are tasks that the store
 * gave up while their node was away, as long as the node has not been back for a while. A start-first update has two.
 */
export const oneTaskPerSlot: Invariant = {
  name: 'one-task-per-slot',
  watch({ world }, violated) {
    return {
      onMoment() {
        for (const [slot, holders] of [...wantedBySlot(world), ...runningBySlot(world)]) {
          const serviceId = slot.split('/')[0] as string;
          if (holders.length > (mayPair(world, serviceId) ? 2 : 1))
            violated(`${slot} is held ${holders.length} times: ${holders.join(', ')}`);
        }
      },
    };
  },
};

/** Tasks that the managers want, wherever they are on their way. */
function wantedBySlot({ view }: SimWorld): Map<string, string[]> {
  const slots = new Map<string, string[]>();
  for (const task of view.all('tasks')) {
    if (!isWanted(task)) continue;
    const key = `${task.serviceId}/${task.serviceName}.${slotKey(task)}`;
    slots.set(key, [...(slots.get(key) ?? []), `${short(task.id)} ${task.status.state} on ${task.nodeId ?? 'no node'}`]);
  }
  return slots;
}

function runningBySlot(world: SimWorld): Map<string, string[]> {
  const slots = new Map<string, string[]>();
  for (const node of world.nodes) {
    for (const { labels } of node.engine.running().filter((container) => !isExcused(world, node, container.labels[LABELS.task] ?? ''))) {
      const taskId = labels[LABELS.task] ?? '';
      const key = `${labels[LABELS.service]}/${labels[LABELS.serviceName]}.${labels[LABELS.slot] ?? node.id}`;
      slots.set(key, [...(slots.get(key) ?? []), `${short(taskId)} on ${node.id}`]);
    }
  }
  return slots;
}

function mayPair(world: SimWorld, serviceId: string): boolean {
  for (const { spec } of world.view.revisionsOfService(serviceId)) if (spec.update.order === 'start-first') return true;
  return world.view.get('services', serviceId) === undefined;
}
