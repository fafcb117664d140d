import type { ObservedContainer } from '@tessera/agent/model/container';
import { LABELS } from '@tessera/agent/model/labels';
import { isToldToGo, isWanted, slotKey } from '@tessera/manager/model/task';
import { short } from '../world/history.js';
import type { SimNode } from '../world/sim-node.js';
import type { SimWorld } from '../world/world.js';
import type { Invariant } from './invariant.js';

/** A node that came back has so long to hear which of its tasks were given to others, and to end them. */
const RETURN_MS = 90_000;

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
    for (const { labels } of node.engine.running().filter((container) => counts(world, node, container))) {
      const taskId = labels[LABELS.task] ?? '';
      const key = `${labels[LABELS.service]}/${labels[LABELS.serviceName]}.${labels[LABELS.slot] ?? node.id}`;
      slots.set(key, [...(slots.get(key) ?? []), `${short(taskId)} on ${node.id}`]);
    }
  }
  return slots;
}

function counts(world: SimWorld, node: SimNode, { labels }: ObservedContainer): boolean {
  if (world.calmForMs(node.id) > RETURN_MS) return true;
  return !isGivenUp(world, node, labels[LABELS.task] ?? '');
}

/** The managers know that this task is lost; one that its agent started by itself shares the fate of the one whose place it took. */
function isGivenUp(world: SimWorld, node: SimNode, taskId: string): boolean {
  const task = world.view.get('tasks', taskId);
  if (task && (task.status.state === 'orphaned' || world.view.get('services', task.serviceId) === undefined)) return true;
  if (task && !isToldToGo(task)) return false;
  const predecessor = node.predecessorOf(taskId);
  return predecessor === undefined ? task === undefined : isGivenUp(world, node, predecessor);
}

function mayPair(world: SimWorld, serviceId: string): boolean {
  for (const { spec } of world.view.revisionsOfService(serviceId)) if (spec.update.order === 'start-first') return true;
  return world.view.get('services', serviceId) === undefined;
}
