import type { ObjectChange } from '@tessera/api';
import { ReconcileLoop } from '@tessera/kit';
import { planRebalance } from '../plan/rebalance/rebalance.js';
import { carryOut } from './carry-out.js';
import type { Controller, ControllerDeps } from './controller.js';

const EVERYTHING = 'spread of tasks';
/** Looking at all services is not dear, but tasks change often: no more often than this. */
const LOOK_EVERY_MS = 2_000;

/** Moves tasks of services that want an even spread, for example when a node has come back. */
export class RebalanceController implements Controller {
  readonly name = 'rebalance';
  readonly #loop: ReconcileLoop;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly deps: ControllerDeps) {
    this.#loop = new ReconcileLoop({ ...deps, name: this.name, reconcile: () => this.#look() });
  }

  start(): void {
    this.#loop.mark(EVERYTHING);
  }

  onChange(change: ObjectChange): void {
    if (change.kind === 'nodes' || (change.kind === 'services' && change.object?.spec.rebalance)) this.#loop.mark(EVERYTHING);
    if (change.kind === 'tasks' && change.object && this.deps.store.view.get('services', change.object.serviceId)?.spec.rebalance)
      this.#loop.mark(EVERYTHING);
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  async #look(): Promise<number | undefined> {
    const { store, clock } = this.deps;
    const waitMs = this.#lookedAt + LOOK_EVERY_MS - clock.monotonic();
    if (waitMs > 0) return waitMs;
    this.#lookedAt = clock.monotonic();
    const { changes, againInMs } = planRebalance(store.view, clock.now());
    return (await carryOut(store, changes)) === 'conflict' ? LOOK_EVERY_MS : againInMs;
  }
}
