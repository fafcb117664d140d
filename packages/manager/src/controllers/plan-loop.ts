import { ReconcileLoop } from '@tessera/kit';
import type { ClusterView } from '../model/view.js';
import type { StoreChange } from '../ports/store.js';
import { carryOut } from './carry-out.js';
import type { ControllerDeps } from './controller.js';

/** After a lost compare the view is about to learn of the other's write: short enough not to be felt. */
const AGAIN_AFTER_CONFLICT_MS = 20;

/**
 * A key is looked at again after this at the latest when its planner waits for a time: timers run by the monotonic clock, and
 * what is waited for, such as a schedule, goes by the wall clock, which can be set. Timers of Node also end at 24 days.
 */
const LONGEST_WAIT_MS = 60_000;

/** What a planner answers, in the store's terms. */
export interface WritePlan {
  changes: readonly StoreChange[];
  /** Look again after so many milliseconds though nothing changes. */
  againInMs?: number;
}

/** A loop that plans one key on the current view and carries the plan out. */
export function planLoop(name: string, deps: ControllerDeps, plan: (view: ClusterView, key: string) => WritePlan): ReconcileLoop {
  const { store, log } = deps;
  return new ReconcileLoop({
    ...deps,
    name,
    async reconcile(key) {
      const { changes, againInMs } = plan(store.view, key);
      if ((await carryOut(store, changes)) === 'conflict') {
        log.debug({ controller: name, key, changes: changes.length }, 'planned on an old state, planning again');
        return AGAIN_AFTER_CONFLICT_MS;
      }
      return againInMs === undefined ? undefined : Math.min(againInMs, LONGEST_WAIT_MS);
    },
  });
}
