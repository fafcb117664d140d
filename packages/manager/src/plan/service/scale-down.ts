import { compareStates, RAN_WELL_MS } from '@tessera/api';
import { isRunning, isWanted } from '../../model/task.js';
import { attributeOf } from '../../schedule/constraint.js';
import type { ServiceDraft, Slot } from './draft.js';
import { isDrained, isMisplaced } from './misfit.js';

/**
 * Which `surplus` slots to give up: those that run least well first, and of the rest each time one where the service has most tasks, by its spread
 * preferences and then by nodes, so that the spread stays even; of equals the highest number.
 */
export function chooseSurplus(draft: ServiceDraft, slots: readonly Slot[], surplus: number): Slot[] {
  const worth = new Map(slots.map((slot) => [slot, worthOf(draft, slot)]));
  const weak = slots.filter((slot) => worth.get(slot)! < SOUND);
  const chosen = weak.sort((a, b) => worth.get(a)! - worth.get(b)! || b.number! - a.number!).slice(0, surplus);
  if (chosen.length === surplus) return chosen;
  const sound = slots.filter((slot) => worth.get(slot) === SOUND).sort((a, b) => a.number! - b.number!);
  const levels = draft.service.spec.placement.preferences.map(({ spread }) => spread);
  const root = new Group(draft, sound, levels);
  while (chosen.length < surplus) chosen.push(root.take());
  return chosen;
}

/** Above all that can be said against a slot. */
const SOUND = 1_000;
const RUNS = 100;

/**
 * How well a slot does: the less, the sooner it goes. One without a task or with one that waits for a node loses nothing; then by how far the task has
 * come; then tasks that run but are unhealthy, have to leave their node, or crashed lately, the more often the sooner.
 */
function worthOf(draft: ServiceDraft, slot: Slot): number {
  const task = slot.wanted.find(isRunning) ?? slot.wanted[0];
  if (!task) return -1;
  if (!isRunning(task)) return task.status.state === 'running' ? RUNS - 1 : Math.max(0, compareStates(task.status.state, 'pending'));
  const { restart, status } = task;
  if (isDrained(draft, task) || isMisplaced(draft, task)) return RUNS;
  const isShaky = restart !== undefined && draft.now - (status.runningAt ?? status.at) < RAN_WELL_MS;
  return isShaky ? SOUND - Math.min(restart.attempt, SOUND - RUNS - 1) : SOUND;
}

/** Slots that share the value of a node attribute, in groups by the next one; the last level are nodes. */
class Group {
  readonly #parts: readonly Group[];
  readonly #slots: Slot[];
  /** Slots left in it, and the highest number among them. */
  #size: number;
  #top: number;

  /** @param slots with the highest number last */
  constructor(draft: ServiceDraft, slots: readonly Slot[], [attribute, ...rest]: readonly string[], isNode = false) {
    this.#slots = [...slots];
    this.#size = slots.length;
    this.#top = slots.at(-1)?.number ?? 0;
    this.#parts = isNode ? [] : partsOf(draft, slots, attribute).map((part) => new Group(draft, part, rest, attribute === undefined));
  }

  /** Takes the slot out that is least missed. */
  take(): Slot {
    const taken = this.#parts.length === 0 ? this.#slots.pop()! : this.#fullest().take();
    this.#size--;
    this.#top = this.#parts.length === 0 ? (this.#slots.at(-1)?.number ?? 0) : Math.max(...this.#parts.map((part) => part.#top));
    return taken;
  }

  #fullest(): Group {
    const isFuller = (a: Group, b: Group): boolean => a.#size > b.#size || (a.#size === b.#size && a.#top > b.#top);
    return this.#parts.reduce((fullest, part) => (isFuller(part, fullest) ? part : fullest));
  }
}

function partsOf(draft: ServiceDraft, slots: readonly Slot[], attribute: string | undefined): Slot[][] {
  const parts = new Map<string, Slot[]>();
  for (const slot of slots) {
    const value = placeOf(draft, slot, attribute);
    const part = parts.get(value);
    if (part) part.push(slot);
    else parts.set(value, [slot]);
  }
  return [...parts.values()];
}

/** Absent attribute: the node itself. */
function placeOf(draft: ServiceDraft, slot: Slot, attribute: string | undefined): string {
  const nodeId = slot.tasks.find((task) => isWanted(task) && isRunning(task))?.nodeId ?? '';
  const node = attribute === undefined ? undefined : draft.view.get('nodes', nodeId);
  return attribute === undefined || !node ? nodeId : attributeOf(node, attribute);
}
