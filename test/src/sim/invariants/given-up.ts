import { isToldToGo } from '@tessera/manager/model/task';
import type { SimNode } from '../world/sim-node.js';
import type { SimWorld } from '../world/world.js';

/** A node that came back has so long to hear which of its tasks were given to others, and to end them. */
const RETURN_MS = 90_000;

/** The task was given up while its node was away, and the node has not been back for long: it may still run beside its heir. */
export function isExcused(world: SimWorld, node: SimNode, taskId: string): boolean {
  return world.calmForMs(node.id) <= RETURN_MS && isGivenUp(world, node, taskId);
}

/** The managers know that this task is lost; one that its agent started by itself shares the fate of the one whose place it took. */
function isGivenUp(world: SimWorld, node: SimNode, taskId: string): boolean {
  const task = world.view.get('tasks', taskId);
  if (task && (task.status.state === 'orphaned' || world.view.get('services', task.serviceId) === undefined)) return true;
  if (task && !isToldToGo(task)) return false;
  const predecessor = node.predecessorOf(taskId);
  return predecessor === undefined ? task === undefined : isGivenUp(world, node, predecessor);
}
