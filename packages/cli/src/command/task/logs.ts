import type { Client, SourcedLogFrame } from '@tessera/api';
import { EXIT } from '../../exit.js';
import { Failure, Interrupted } from '../../failure.js';
import { defineCommand } from '../define.js';
import { ifFound } from '../lookup.js';
import { countValue, momentValue } from '../parse.js';
import { LogPrinter } from './log-printer.js';
import { type LogSource, readLog } from './log-reader.js';

interface LogOptions {
  follow?: boolean;
  tail?: number;
  since?: string;
  until?: string;
  timestamps?: boolean;
}

export const command = defineCommand<LogOptions>({
  arguments: '<service-or-task>',
  options: [
    { flags: '-f, --follow', summary: 'go on with what comes' },
    {
      flags: '-n, --tail <lines>',
      summary: 'only so many lines from the end of each task',
      parse: (text) => (text === 'all' ? undefined : countValue(text)),
    },
    { flags: '--since <moment>', summary: 'only after this: 10m (ago) or 2030-01-01T12:00:00Z' },
    { flags: '--until <moment>', summary: 'only before this' },
    { flags: '-t, --timestamps', summary: 'with the time of each line' },
  ],
  details:
    'Each line begins with its task and node. A task is named by its id, the beginning of it, or as shop_web.2. When a node cannot be reached, the others are printed and the exit code is 1.',
  examples: [
    { line: 'tsctl logs -f --tail 20 shop_web', does: 'follow all tasks of a service' },
    { line: 'tsctl logs --since 10m shop_web.2', does: 'one task, the last ten minutes' },
  ],
  async run(session, [reference = ''], options) {
    const client = await session.client();
    const source = await sourceOf(client, reference);
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
  },
});

/** A service, or a task by id or as `service.slot`. @throws Failure when there is neither. */
async function sourceOf(client: Client, reference: string): Promise<LogSource> {
  const service = await ifFound(client.call('getService', { params: { ref: reference } }));
  if (service) return { route: 'serviceLogs', id: service.service.id };
  const task = await ifFound(client.call('getTask', { params: { ref: reference } }));
  if (task) return { route: 'taskLogs', id: task.id };
  const [, name, slot] = /^(.+)\.(\d+)$/.exec(reference) ?? [];
  const tasks = name === undefined ? undefined : await ifFound(client.call('listTasks', { query: { service: name, all: true } }));
  const newest = tasks?.filter((each) => each.slot === Number(slot)).sort((a, b) => b.createdAt - a.createdAt)[0];
  if (newest) return { route: 'taskLogs', id: newest.id };
  throw new Failure(`there is no service or task "${reference}"`, {
    exitCode: EXIT.notFound,
    cure: 'see what there is: tsctl services, tsctl ps -a',
  });
}
