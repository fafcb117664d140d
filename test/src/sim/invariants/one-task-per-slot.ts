import { LABELS } from '@tessera/agent/model/labels';
import type { NodeSpec } from '@tessera/api';
import { isWanted, slotKey } from '@tessera/manager/model/task';
import { movesStartFirst } from '@tessera/manager/plan/service/starts-first';
import { short } from '../world/history.js';
import type { SimWorld } from '../world/world.js';
import { isExcused } from './given-up.js';
import type { Invariant } from './invariant.js';

/** The end of a move that is taken back in the middle may take so long. */
const MOVE_MS = 90_000;

const NEVER = Number.NEGATIVE_INFINITY;

interface Holder {
  text: string;
  nodeId: string;
  taskId: string;
}

/** Holders of slots, by the id of the task or container that holds it. */
class Slots {
  readonly #holders = new Map<string, Map<string, Holder>>();
  /** Slots with more than one holder: the only ones that may be wrong, now or when time has passed. */
  readonly #crowded = new Set<string>();

  hold(slot: string, id: string, holder: Holder): void {
    const holders = this.#holders.get(slot) ?? new Map<string, Holder>();
    this.#holders.set(slot, holders.set(id, holder));
    if (holders.size > 1) this.#crowded.add(slot);
  }

  leave(slot: string, id: string): void {
    const holders = this.#holders.get(slot);
    holders?.delete(id);
    if ((holders?.size ?? 0) <= 1) this.#crowded.delete(slot);
    if (holders?.size === 0) this.#holders.delete(slot);
  }

  *crowded(): Iterable<[slot: string, holders: Holder[]]> {
    for (const slot of this.#crowded) yield [slot, [...(this.#holders.get(slot)?.values() ?? [])]];
  }
}

/**
 * 1. No two live tasks of one slot: by what the store wants, and by the containers that really run, on all nodes. Left out are tasks that the store
 * gave up while their node was away, as long as the node has not been back for a while. A start-first update has two, and so has a move off a node that
 * is, or not long ago was, being emptied.
 */
export const oneTaskPerSlot: Invariant = {
  name: 'one-task-per-slot',
  watch({ world }, violated) {
    const wanted = new Slots();
    const running = new Slots();
    const slotOfTask = new Map<string, string>();
    const slotOfContainer = new Map<string, string>();
    /** When tasks were told to make way for a successor that starts first. */
    const movedAt = new Map<string, number>();
    const drainedAt = new Map<string, number>();
    const wasMoved = ({ nodeId, taskId }: Holder): boolean =>
      world.clock.now() - Math.max(drainedAt.get(nodeId) ?? NEVER, movedAt.get(taskId) ?? NEVER) < MOVE_MS;
    const check = (slot: string, holders: readonly Holder[]): void => {
      const serviceId = slot.split('/')[0] as string;
      const most = mayPair(world, serviceId, holders.some(wasMoved)) ? 2 : 1;
      if (holders.length > most) violated(`${slot} is held ${holders.length} times: ${holders.map(({ text }) => text).join(', ')}`);
    };
    const counts = ({ nodeId, taskId }: Holder): boolean => {
      const node = world.node(nodeId);
      return node !== undefined && !isExcused(world, node, taskId);
    };
    return {
      onChange({ kind, id, object }) {
        if (kind !== 'tasks') return;
        const before = slotOfTask.get(id);
        if (before !== undefined) wanted.leave(before, id);
        slotOfTask.delete(id);
        if (object?.move) movedAt.set(id, movedAt.get(id) ?? world.clock.now());
        if (!object || !isWanted(object)) return;
        const { nodeId = 'no node' } = object;
        const slot = `${object.serviceId}/${object.serviceName}.${slotKey(object)}`;
        wanted.hold(slot, id, { text: `${short(id)} ${object.status.state} on ${nodeId}`, nodeId, taskId: id });
        slotOfTask.set(id, slot);
      },
      onContainer({ id: nodeId }, { id, state, labels }) {
        const taskId = labels[LABELS.task] ?? '';
        const run = world.view.get('tasks', taskId)?.run;
        const place = `${run === undefined ? '' : `${run}:`}${labels[LABELS.slot] ?? nodeId}`;
        const slot = slotOfContainer.get(id) ?? `${labels[LABELS.service]}/${labels[LABELS.serviceName]}.${place}`;
        if (state === 'running') slotOfContainer.set(id, slot);
        else slotOfContainer.delete(id);
        if (state === 'running') running.hold(slot, id, { text: `${short(taskId)} on ${nodeId}`, nodeId, taskId });
        else running.leave(slot, id);
      },
      onMoment() {
        for (const { id, spec } of world.view.all('nodes')) if (isEmptied(spec)) drainedAt.set(id, world.clock.now());
        for (const [slot, holders] of wanted.crowded()) check(slot, holders);
        for (const [slot, holders] of running.crowded()) check(slot, holders.filter(counts));
      },
    };
  },
};

function isEmptied({ availability, taints = [] }: NodeSpec): boolean {
  return availability === 'drain' || taints.some(({ effect }) => effect === 'no-execute');
}

function mayPair(world: SimWorld, serviceId: string, isMove: boolean): boolean {
  for (const { spec } of world.view.revisionsOfService(serviceId))
    if (spec.update.order === 'start-first' || (isMove && movesStartFirst(spec))) return true;
  return world.view.get('services', serviceId) === undefined;
}
