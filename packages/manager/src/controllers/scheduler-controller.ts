import type { Kind, ObjectChange, ObjectTypes } from '@tessera/api';
import { ReconcileLoop } from '@tessera/kit';
import type { StoreChange } from '../ports/store.js';
import type { Decision } from '../schedule/decision.js';
import { Scheduler } from '../schedule/scheduler.js';
import type { Controller, ControllerDeps } from './controller.js';

const EVERYTHING = 'pending tasks';
const AGAIN_AFTER_CONFLICT_MS = 20;
/** Decisions of one pass: what is known of the cluster is looked at again after so many, and nothing else has to wait long. */
const MOST_DECISIONS = 2_000;

/** Gives nodes to all waiting tasks, in passes for everything that came up since the last one. */
export class SchedulerController implements Controller {
  readonly name = 'scheduler';
  readonly #loop: ReconcileLoop;
  #scheduler: Scheduler | undefined;

  constructor(private readonly deps: ControllerDeps) {
    this.#loop = new ReconcileLoop({ ...deps, name: this.name, reconcile: () => this.#pass() });
  }

  start(): void {
    this.#scheduler = Scheduler.of(this.deps.store.view);
    this.#mark();
  }

  onChange(change: ObjectChange, gone?: ObjectTypes[Kind]): void {
    this.#scheduler?.onChange(change, gone);
    this.#mark();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  #mark(): void {
    if (this.#scheduler?.hasWaiting) this.#loop.mark(EVERYTHING);
  }

  async #pass(): Promise<number | undefined> {
    const { decisions, againInMs } = this.#scheduler!.pass(this.deps.clock.now(), MOST_DECISIONS);
    if (decisions.length === 0) return againInMs;
    const conflicts = await this.#write(decisions);
    return conflicts > 0 ? AGAIN_AFTER_CONFLICT_MS : againInMs;
  }

  /** @returns how many decisions were made on an old state. What could not be written is taken back. */
  async #write(decisions: readonly Decision[]): Promise<number> {
    let unwritten = decisions;
    try {
      const { conflicts } = await this.deps.store.commitBatch(decisions.map(toChange));
      const refused = new Set(conflicts.map((change) => (change.type === 'put' ? change.object.id : change.id)));
      unwritten = refused.size === 0 ? [] : decisions.filter(({ before }) => refused.has(before.id));
      return unwritten.length;
    } finally {
      for (const decision of unwritten) this.#scheduler!.takeBack(decision);
    }
  }
}

function toChange({ before, after }: Decision): StoreChange {
  return { type: 'put', kind: 'tasks', object: after, expect: { revision: before.revision }, isOwn: true };
}
