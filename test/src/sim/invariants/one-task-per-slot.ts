import { LABELS } from '@tessera/agent/model/labels';
import { isWanted, slotKey } from '@tessera/manager/model/task';
import { movesStartFirst } from '@tessera/manager/plan/service/starts-first';
import { short } from '../world/history.js';
import type { SimWorld } from '../world/world.js';
import { isExcused } from './given-up.js';
import type { Invariant } from './invariant.js';

/**
 * 1. No two live tasks of one slot: by what the store wants, and by the containers that really run, on all nodes. Left out are tasks that the store
 * gave up while their node was away, as long as the node has not been back for a while. A start-first update has two, and so has a move off a node that
 * is, or not long ago was, being emptied.
 */
export const oneTaskPerSlot: Invariant = {
  name: 'one-task-per-slot',
  watch({ world }, violated) {
    const drainedAt = new Map<string, number>();
    return {
      onMoment() {
        for (const { id, spec } of world.view.all('nodes')) if (spec.availability === 'drain') drainedAt.set(id, world.clock.now());
        const wasDrained = ({ nodeId }: Holder): boolean =>
          world.clock.now() - (drainedAt.get(nodeId) ?? Number.NEGATIVE_INFINITY) < MOVE_MS;
        for (const [slot, holders] of [...wantedBySlot(world), ...runningBySlot(world)]) {
          const serviceId = slot.split('/')[0] as string;
          const most = mayPair(world, serviceId, holders.some(wasDrained)) ? 2 : 1;
          if (holders.length > most) violated(`${slot} is held ${holders.length} times: ${holders.map(({ text }) => text).join(', ')}`);
        }
      },
    };
  },
};

/** The end of a move that is taken back in the middle may take so long. */
const MOVE_MS = 90_000;

interface Holder {
  text: string;
  nodeId: string;
}

/** Tasks that the managers want, wherever they are on their way. */
function wantedBySlot({ view }: SimWorld): Map<string, Holder[]> {
  const slots = new Map<string, Holder[]>();
  for (const task of view.all('tasks')) {
    if (!isWanted(task)) continue;
    const key = `${task.serviceId}/${task.serviceName}.${slotKey(task)}`;
    const { nodeId = 'no node' } = task;
    slots.set(key, [...(slots.get(key) ?? []), { text: `${short(task.id)} ${task.status.state} on ${nodeId}`, nodeId }]);
  }
  return slots;
}

function runningBySlot(world: SimWorld): Map<string, Holder[]> {
  const slots = new Map<string, Holder[]>();
  for (const node of world.nodes) {
    for (const { labels } of node.engine.running().filter((container) => !isExcused(world, node, container.labels[LABELS.task] ?? ''))) {
      const taskId = labels[LABELS.task] ?? '';
      const key = `${labels[LABELS.service]}/${labels[LABELS.serviceName]}.${labels[LABELS.slot] ?? node.id}`;
      slots.set(key, [...(slots.get(key) ?? []), { text: `${short(taskId)} on ${node.id}`, nodeId: node.id }]);
    }
  }
  return slots;
}

function mayPair(world: SimWorld, serviceId: string, isMove: boolean): boolean {
  for (const { spec } of world.view.revisionsOfService(serviceId))
    if (spec.update.order === 'start-first' || (isMove && movesStartFirst(spec))) return true;
  return world.view.get('services', serviceId) === undefined;
}
