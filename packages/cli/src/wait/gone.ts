import type { Client, Kind, Task } from '@tessera/api';
import { isTerminal } from '@tessera/api/object/task-state';
import { EXIT } from '../exit.js';
import { Failure, Interrupted } from '../failure.js';
import { describeTask } from '../output/task-name.js';
import { counted, formatDuration } from '../output/units.js';
import type { Session } from '../session.js';
import { DEFAULT_WAIT_MS, withinLimit } from './converge.js';
import { followUntil } from './follow.js';

export interface GoneWait {
  /** `the removal of shop`. */
  what: string;
  kinds: readonly Kind[];
  /** What is still there, each in words; empty: done. */
  remaining(client: Client): Promise<string[]>;
  /** How to see later how it went. */
  hint: string;
}

/** Waits until nothing remains. @throws Failure (124) when time is over; Interrupted at Ctrl-C. */
export async function waitGone(session: Session, wait: GoneWait): Promise<void> {
  const client = await session.client();
  let last: string[] = [];
  const over = (): Failure => {
    const limitMs = session.globals.timeout ?? DEFAULT_WAIT_MS;
    return new Failure(`waited ${formatDuration(limitMs)} in vain: ${wait.what} goes on`, {
      exitCode: EXIT.timeout,
      details: last,
      cure: wait.hint,
    });
  };
  const work = (signal: AbortSignal) =>
    followUntil<string[]>({
      client,
      clock: session.io.clock,
      signal,
      kinds: wait.kinds,
      look: () => wait.remaining(client),
      disturbed: (reason) => reason !== undefined && session.note(`${reason}; trying again`),
      show: (state) => {
        if (state.length > 0 && state.length !== last.length) session.note(`${wait.what}: ${counted(state.length, 'task')} left`);
        last = state;
        return state.length === 0;
      },
    });
  await withinLimit(session, over, work).catch((error: unknown) => {
    throw session.signal.aborted ? new Interrupted(`${wait.what} goes on. ${wait.hint}`) : error;
  });
}

/** Tasks whose containers may still run, also those that are told to stop. */
export async function livingTasks(client: Client, wanted: (task: Task) => boolean): Promise<string[]> {
  const tasks = await client.call('listTasks', { query: { all: true } });
  return tasks.filter((task) => wanted(task) && !isTerminal(task.status.state)).map(describeTask);
}
