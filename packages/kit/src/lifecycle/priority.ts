import { setPriority } from 'node:os';
import type { Log } from '../log/log.js';

/** So much before tasks that no one gave a priority: about ten times their share of a processor, when both want it. Half of what a user may ask for. */
const NICENESS = -10;

/**
 * Puts this process, and what it starts from now on, before the tasks of its host: a daemon that starves sends no heartbeats, and its node would be
 * taken for lost while its tasks run. Where that is not allowed the process goes on as it is.
 */
export function putBeforeTasks(log: Log, set: (niceness: number) => void = setPriority): void {
  try {
    set(NICENESS);
  } catch (error) {
    log.warn({ reason: (error as Error).message }, 'runs at the priority of tasks: an overloaded host may be taken for lost');
  }
}
