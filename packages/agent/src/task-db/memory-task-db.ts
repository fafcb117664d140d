import { NODE_SET_KINDS, type NodeSetItems, type NodeSetKind } from '@tessera/api';
import { deepFreeze } from '@tessera/kit';
import type { PulledImage } from '../images/plan-cleanup.js';
import type { TaskRecord } from '../model/task-record.js';
import type { SavedState, StateChange, TaskDb } from '../ports/task-db.js';

export function emptySet(): NodeSetItems {
  return { tasks: [], ended: [], networks: [], services: [], files: [] };
}

/** Keeps everything in memory, frozen, so that nobody changes what was saved: for tests and the simulator. */
export class MemoryTaskDb implements TaskDb {
  #seq = 0;
  readonly #items: Record<NodeSetKind, Map<string, unknown>> = {
    tasks: new Map(),
    ended: new Map(),
    networks: new Map(),
    services: new Map(),
    files: new Map(),
  };
  readonly #records = new Map<string, TaskRecord>();
  readonly #images = new Map<string, number>();

  load(): SavedState {
    const desired = Object.fromEntries(NODE_SET_KINDS.map((kind) => [kind, copied(this.#items[kind])]));
    return { seq: this.#seq, desired: desired as unknown as NodeSetItems, records: copied(this.#records) as TaskRecord[] };
  }

  save({ desired, records = [], forget = [], images = [], forgetImages = [] }: StateChange): void {
    if (desired) {
      this.#seq = desired.seq;
      for (const kind of NODE_SET_KINDS) {
        if (desired.remove === 'all') this.#items[kind].clear();
        else for (const id of desired.remove[kind]) this.#items[kind].delete(id);
        for (const item of desired.put[kind]) this.#items[kind].set(item.id, deepFreeze(item));
      }
    }
    for (const record of records) this.#records.set(record.assignment.id, deepFreeze(record));
    for (const id of forget) this.#records.delete(id);
    for (const { reference, lastUsedAt } of images) this.#images.set(reference, lastUsedAt);
    for (const reference of forgetImages) this.#images.delete(reference);
  }

  images(): PulledImage[] {
    return [...this.#images].map(([reference, lastUsedAt]) => ({ reference, lastUsedAt }));
  }

  close(): void {}
}

/** As a database gives it back: nothing in it is shared with what was saved. */
function copied(saved: ReadonlyMap<string, unknown>): unknown[] {
  return [...saved.values()].map((value) => JSON.parse(JSON.stringify(value)));
}
