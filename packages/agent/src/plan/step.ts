import type { TaskRestart } from '@tessera/api';
import type { ObservedContainer } from '../model/container.js';
import type { StatusChange } from '../model/task-record.js';

/** One thing to do for one task. The runner's table carries out each kind. */
export type Step =
  /** Save and tell a new status. */
  | { type: 'report'; change: StatusChange }
  /** Have the image here, by the pull policy. */
  | { type: 'ensure-image' }
  /** Have the files of its configs and secrets in memory. */
  | { type: 'write-files' }
  /** Put new contents in place of those that the container has mounted, and tell its program. */
  | { type: 'reload'; containerId: string; files: Record<string, string> }
  | { type: 'create' }
  | { type: 'start'; containerId: string }
  /** Waits for connections to the addresses first, at most `drainMs`; the grace covers both. */
  | { type: 'stop'; containerId: string; graceMs: number; drain?: { addresses: string[]; limitMs: number } }
  /** Kill what runs in a container that does not run by its engine's word. */
  | { type: 'end-strays'; containerId: string }
  /** Remember why the agent is about to end it. */
  | { type: 'condemn'; reason: string }
  /** Read the end of a failed task's log, for its status. */
  | { type: 'read-last-words'; container: ObservedContainer }
  | { type: 'remove-container'; containerId: string }
  | { type: 'remove-files' }
  /** Make a new task in the same slot that starts at `startAfter`. */
  | { type: 'restart'; startAfter: number; restarts: number[]; restart: TaskRestart }
  /** No successor: `reason` tells why. */
  | { type: 'no-restart'; reason: string }
  /** Drop all knowledge of it. */
  | { type: 'forget' };

/** Steps in order, and when to look again though nothing happens. */
export interface TaskPlan {
  steps: Step[];
  wakeAt?: number;
}
