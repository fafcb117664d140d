import { defineCommand } from '../define.js';
import { onlyExisting } from '../lookup.js';
import { QUIET } from '../options.js';
import { listTasks } from '../task/ps.js';

export const command = defineCommand<{ all?: boolean; quiet?: boolean }>({
  arguments: '<stack...>',
  options: [{ flags: '-a, --all', summary: 'also tasks that have ended' }, QUIET],
  examples: [{ line: 'tsctl stack ps shop', does: 'the tasks of one stack' }],
  async run(session, stacks, options) {
    const client = await session.client();
    await Promise.all(stacks.map((stack) => onlyExisting(client.call('getStack', { params: { ref: stack } }), 'stack', stack)));
    await listTasks(
      session,
      client,
      stacks.map((stack) => ({ stack })),
      options,
    );
    return 0;
  },
});
