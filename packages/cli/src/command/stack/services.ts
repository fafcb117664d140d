import { defineCommand } from '../define.js';
import { onlyExisting } from '../lookup.js';
import { QUIET } from '../options.js';
import { listServices } from '../service/ls.js';

export const command = defineCommand<{ quiet?: boolean }>({
  arguments: '<stack>',
  options: [QUIET],
  examples: [{ line: 'tsctl stack services shop', does: 'the services of one stack' }],
  async run(session, [stack = ''], { quiet }) {
    const client = await session.client();
    await onlyExisting(client.call('getStack', { params: { ref: stack } }), 'stack', stack);
    await listServices(session, stack, quiet);
    return 0;
  },
});
