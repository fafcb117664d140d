import { defineCommand } from '../define.js';
import { onlyExisting } from '../lookup.js';
import { QUIET } from '../options.js';
import { listTasks } from '../task/ps.js';

export const command = defineCommand<{ all?: boolean; quiet?: boolean }>({
  arguments: '<service...>',
  options: [{ flags: '-a, --all', summary: 'also tasks that have ended' }, QUIET],
  examples: [{ line: 'tsctl service ps shop_web', does: 'the tasks of one service' }],
  async run(session, references, options) {
    const client = await session.client();
    const found = await Promise.all(references.map((ref) => onlyExisting(client.call('getService', { params: { ref } }), 'service', ref)));
    await listTasks(
      session,
      client,
      found.map(({ service }) => ({ service: service.id })),
      options,
    );
    return 0;
  },
});
