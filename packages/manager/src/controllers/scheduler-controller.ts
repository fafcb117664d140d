import type { ObjectChange } from '@tessera/api';
import { ReconcileLoop } from '@tessera/kit';
import type { StoreChange } from '../ports/store.js';
import { NodeTable } from '../schedule/node-table.js';
import { type Decision, schedule } from '../schedule/schedule.js';
import type { Controller, ControllerDeps } from './controller.js';

const EVERYTHING = 'pending tasks';
const AGAIN_AFTER_CONFLICT_MS = 20;

/** Gives nodes to all waiting tasks, in one pass for everything that came up since the last one. */
export class SchedulerController implements Controller {
  readonly name = 'scheduler';
  readonly #loop: ReconcileLoop;
  #table = new NodeTable();

  constructor(private readonly deps: ControllerDeps) {
    this.#loop = new ReconcileLoop({ ...deps, name: this.name, reconcile: () => this.#pass() });
  }

  start(): void {
    this.#table = NodeTable.of(this.deps.store.view);
    this.#loop.mark(EVERYTHING);
  }

  onChange(change: ObjectChange): void {
    switch (change.kind) {
      case 'nodes':
        if (change.object) this.#table.putNode(change.object);
        else this.#table.deleteNode(change.id);
        break;
      case 'tasks':
        if (change.object) this.#table.putTask(this.deps.store.view, change.object);
        else this.#table.release(change.id);
        break;
      case 'services':
        if (!change.object) this.#table.failures.forgetService(change.id);
        break;
      default:
        return;
    }
    this.#loop.mark(EVERYTHING);
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  async #pass(): Promise<number | undefined> {
    const { store, clock } = this.deps;
    const decisions = schedule(store.view, this.#table, clock.now());
    if (decisions.length === 0) return undefined;
    try {
      const { conflicts } = await store.commitBatch(decisions.map(toChange));
      return conflicts.length > 0 ? AGAIN_AFTER_CONFLICT_MS : undefined;
    } finally {
      this.#settle(decisions);
    }
  }

  /** Claims that could not be committed are taken back: the table holds what the view holds. */
  #settle(decisions: readonly Decision[]): void {
    const { view } = this.deps.store;
    for (const { before } of decisions) {
      const task = view.get('tasks', before.id);
      if (task) this.#table.putTask(view, task);
      else this.#table.release(before.id);
    }
  }
}

function toChange({ before, after }: Decision): StoreChange {
  return { type: 'put', kind: 'tasks', object: after, expect: { revision: before.revision } };
}
