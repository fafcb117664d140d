import type { Service, Task } from '@tessera/api';
import { isAssigned, isLive, isPending, isToldToGo } from '@tessera/manager/model/task';
import { takesTasks } from '@tessera/manager/schedule/fit';
import { short } from '../world/history.js';
import type { SimWorld } from '../world/world.js';
import type { Invariant } from './invariant.js';

/** Room that is not used within this, though nothing befell anybody, was made for nothing. */
const IN_VAIN_MS = 60_000;

/** A task that was told to go, to make room on its node for a service of higher priority. */
interface Displaced {
  task: Task;
  nodeId: string;
  at: number;
  /** When it had gone. */
  goneAt?: number;
  /** The one that it made room for, as it was then. */
  heir: Service;
}

/**
 * Nobody is displaced for what has not a higher priority, or for nothing: the next task that comes to the node is of the service that the room
 * was made for, as long as it waits. What befalls the node meanwhile, or is asked of that service, excuses.
 */
export const makesRoom: Invariant = {
  name: 'makes-room',
  watch({ world }, violated) {
    const known = new Map<string, Task>();
    let open: Displaced[] = [];
    const displaced = (task: Task): void => {
      const { service: name, priority } = task.madeRoomFor!;
      const words = `${task.serviceName} ${short(task.id)} was displaced for ${name}`;
      const own = priorityOf(world.view.get('services', task.serviceId));
      if (own >= priority) violated(`${words} of priority ${priority}, and has ${own} itself`);
      const heir = world.view.byName('services', name);
      if (!heir || task.nodeId === undefined) return;
      if (priorityOf(heir) !== priority) violated(`${words} at priority ${priority}, and that has ${priorityOf(heir)}`);
      open.push({ task, nodeId: task.nodeId, at: world.clock.monotonic(), heir });
    };
    const placed = (task: Task): void => {
      const priority = priorityOf(world.view.get('services', task.serviceId));
      for (const room of open)
        if (room.nodeId === task.nodeId && priority < priorityOf(room.heir) && isOwed(world, room) && calmSince(world, room))
          violated(`${task.serviceName} ${short(task.id)} took the room on ${task.nodeId} that was made for ${room.heir.spec.name}`);
      // Of the same priority, who comes first is served first; and who finds room elsewhere does not need it here.
      open = open.filter(({ heir, nodeId }) => heir.id !== task.serviceId && (nodeId !== task.nodeId || priority < priorityOf(heir)));
    };
    return {
      onChange({ kind, id, object }) {
        if (kind !== 'tasks') return;
        const before = known.get(id);
        if (object) known.set(id, object);
        else known.delete(id);
        for (const room of open) if (room.task.id === id && (!object || !isLive(object))) room.goneAt ??= world.clock.monotonic();
        if (object && before && isToldToGo(object) && !isToldToGo(before) && object.madeRoomFor) displaced(object);
        if (object && before && isAssigned(object) && isLive(object) && !isAssigned(before)) placed(object);
      },
      onStep() {
        open = open.filter((room) => isOwed(world, room));
        for (const { task, nodeId, goneAt, heir } of open)
          if (goneAt !== undefined && isInVain(world, nodeId, heir, goneAt))
            violated(`${task.serviceName} ${short(task.id)} was displaced from ${nodeId}, and ${heir.spec.name} did not come`);
      },
    };
  },
};

/** The service waits, and is asked for as it was. */
function isOwed({ view }: SimWorld, { heir }: Displaced): boolean {
  return view.get('services', heir.id)?.specRevision === heir.specRevision && [...view.tasksOfService(heir.id)].some(isPending);
}

/** Whether nothing has befallen the node since the task was told to go. */
function calmSince(world: SimWorld, { nodeId, at }: Displaced): boolean {
  return world.calmForMs(nodeId) > world.clock.monotonic() - at;
}

function isInVain(world: SimWorld, nodeId: string, heir: Service, goneAt: number): boolean {
  const calmMs = Math.min(world.clock.monotonic() - goneAt, world.calmForMs(nodeId));
  const node = world.view.get('nodes', nodeId);
  return calmMs > IN_VAIN_MS && node !== undefined && takesTasks(node, heir.spec.placement);
}

function priorityOf(service: Service | undefined): number {
  return service?.spec.placement.priority ?? 0;
}
