import { defineCommand } from '../define.js';
import { serviceOrTask } from '../lookup.js';
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
    const { service, task } = await serviceOrTask(client, reference);
    return printLog(session, client, service ? { route: 'serviceLogs', id: service.id } : { route: 'taskLogs', id: task.id }, options);
  },
});
