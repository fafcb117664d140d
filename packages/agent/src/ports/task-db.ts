import type { NodeSetItems } from '@tessera/api';
import type { PulledImage } from '../images/plan-cleanup.js';
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
  /** Images that the agent pulled, by reference; a later time of use takes the place of a former one. */
  images?: readonly PulledImage[];
  /** References of pulled images to forget. */
  forgetImages?: readonly string[];
}

/** The agent's memory on disk: it lets containers be kept and restarted while no manager answers. */
export interface TaskDb {
  /** Records come in the order in which they were first saved. */
  load(): SavedState;
  images(): PulledImage[];
  save(change: StateChange): void;
  close(): void;
}
