import type { Clock, Log, Random } from '@tessera/kit';
import type { Acme } from '../ports/acme.js';
import type { ChangeListener, ClusterStore } from '../ports/store.js';

export interface ControllerDeps {
  /** Fenced by the leader key: what a deposed leader writes is refused. */
  store: ClusterStore;
  clock: Clock;
  random: Random;
  log: Log;
}

/** What the controllers of a leader need altogether. */
export interface LeaderDeps extends ControllerDeps {
  acme: Acme;
}

/** One loop that keeps a part of the desired state. */
export interface Controller {
  readonly name: string;
  /** Looks at everything once. */
  start(): void;
  /** Marks what a change may have made dirty. Cheap, and called after the view has the change. */
  onChange: ChangeListener;
  /** Takes no more work; resolves when what is under way has ended. */
  stop(): Promise<void>;
}
