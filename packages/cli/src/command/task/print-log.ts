import type { Client, SourcedLogFrame } from '@tessera/api';
import { EXIT } from '../../exit.js';
import { Interrupted } from '../../failure.js';
import type { Session } from '../../session.js';
import type { OptionDefinition } from '../define.js';
import { countValue, momentValue } from '../parse.js';
import { LogPrinter } from './log-printer.js';
import { type LogSource, readLog } from './log-reader.js';

export interface LogOptions {
  follow?: boolean;
  tail?: number;
  since?: string;
  until?: string;
  timestamps?: boolean;
}

export const LOG_OPTIONS: readonly OptionDefinition[] = [
  { flags: '-f, --follow', summary: 'go on with what comes' },
  {
    flags: '-n, --tail <lines>',
    summary: 'only so many lines from the end of each task',
    parse: (text) => (text === 'all' ? undefined : countValue(text)),
  },
  { flags: '--since <moment>', summary: 'only after this: 10m (ago) or 2030-01-01T12:00:00Z' },
  { flags: '--until <moment>', summary: 'only before this' },
  { flags: '-t, --timestamps', summary: 'with the time of each line' },
];

/** Prints the log of a service or task. @returns the exit code: 1 when a part could not be read. @throws Interrupted. */
export async function printLog(session: Session, client: Client, source: LogSource, options: LogOptions): Promise<number> {
  const nowMs = session.io.clock.now();
  const printer = new LogPrinter(session, { timestamps: options.timestamps ?? false });
  const asData = session.globals.output === 'json';
  const show = (frame: SourcedLogFrame): void => (asData ? session.print(JSON.stringify(frame)) : printer.print(frame));
  try {
    await readLog(session, client, source, {
      follow: options.follow ?? false,
      tail: options.tail,
      sinceMs: options.since === undefined ? undefined : momentValue(options.since, nowMs),
      untilMs: options.until === undefined ? undefined : momentValue(options.until, nowMs),
      show,
    });
  } catch (error) {
    // Ctrl-C is how one stops following.
    if (!session.signal.aborted) throw error;
    if (!options.follow) throw new Interrupted();
    return EXIT.interrupted;
  }
  return printer.failures > 0 ? EXIT.failed : EXIT.ok;
}
