import type { PlacementExplanation, Task } from '@tessera/api';
import { sourceOf } from '../../model/spec-of.js';
import { byAge, slotKey } from '../../model/task.js';
import type { ClusterView } from '../../model/view.js';
import { explainTask } from '../../schedule/explain.js';
import { NodeTable } from '../../schedule/node-table.js';

/** One question, and what was found out for it: what is dear is looked up once. */
export class Asking {
  #table: NodeTable | undefined;
  readonly #slots = new Map<string, Map<string, Task[]>>();
  readonly #placements = new Map<string, PlacementExplanation | undefined>();

  /** @param now milliseconds since 1970 */
  constructor(
    readonly view: ClusterView,
    readonly now: number,
  ) {}

  /** Tasks of the same slot, oldest first. */
  mates(task: Task): readonly Task[] {
    let slots = this.#slots.get(task.serviceId);
    if (!slots) this.#slots.set(task.serviceId, (slots = bySlot(this.view.tasksOfService(task.serviceId))));
    return slots.get(slotKey(task)) ?? [];
  }

  /** Which nodes would take a task that waits, and why the others do not: the same for tasks of one template, unless their volumes lie apart. */
  placement(task: Task): PlacementExplanation | undefined {
    const mounts = sourceOf(this.view, task)?.spec.template.container.mounts ?? [];
    const slot = mounts.some(({ type }) => type === 'volume') ? slotKey(task) : '';
    const key = `${task.serviceId}/${task.templateHash}/${task.nodeId ?? ''}/${slot}`;
    if (!this.#placements.has(key)) {
      this.#table ??= NodeTable.of(this.view);
      this.#placements.set(key, explainTask(this.view, this.#table, task));
    }
    return this.#placements.get(key);
  }
}

function bySlot(tasks: Iterable<Task>): Map<string, Task[]> {
  const slots = new Map<string, Task[]>();
  for (const task of [...tasks].sort(byAge)) {
    const key = slotKey(task);
    const slot = slots.get(key);
    if (slot) slot.push(task);
    else slots.set(key, [task]);
  }
  return slots;
}
