import type { NodeSetItems } from '@tessera/api';
import type { TaskRecord } from '../model/task-record.js';
import type { RemovedItems } from './core.js';

/** What was on disk. `seq` is 0 before the first desired set. */
export interface SavedState {
  seq: number;
  desired: NodeSetItems;
  records: TaskRecord[];
}

/** One change, saved as a whole or not at all. */
export interface StateChange {
  /** A complete set replaces all; a delta puts and removes. Safe on disk when `save` returns, also against a power cut. */
  desired?: { seq: number; put: NodeSetItems; remove: RemovedItems | 'all' };
  records?: readonly TaskRecord[];
  /** Ids of tasks to forget. */
  forget?: readonly string[];
}

/** The agent's memory on disk: it lets containers be kept and restarted while no manager answers. */
export interface TaskDb {
  /** Records come in the order in which they were first saved. */
  load(): SavedState;
  save(change: StateChange): void;
  close(): void;
}
