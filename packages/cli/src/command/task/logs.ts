import type { Client } from '@tessera/api';
import { EXIT } from '../../exit.js';
import { Failure } from '../../failure.js';
import { defineCommand } from '../define.js';
import { ifFound } from '../lookup.js';
import type { LogSource } from './log-reader.js';
import { LOG_OPTIONS, type LogOptions, printLog } from './print-log.js';

export const command = defineCommand<LogOptions>({
  arguments: '<service-or-task>',
  options: LOG_OPTIONS,
  details:
    'Each line begins with its task and node. A task is named by its id, the beginning of it, or as shop_web.2. When a node cannot be reached, the others are printed and the exit code is 1.',
  examples: [
    { line: 'tsctl logs -f --tail 20 shop_web', does: 'follow all tasks of a service' },
    { line: 'tsctl logs --since 10m shop_web.2', does: 'one task, the last ten minutes' },
  ],
  async run(session, [reference = ''], options) {
    const client = await session.client();
    return printLog(session, client, await sourceOf(client, reference), options);
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
