import { defineCommand } from '../define.js';
import { onlyExisting } from '../lookup.js';
import { QUIET } from '../options.js';
import { listTasks } from '../task/ps.js';

export const command = defineCommand<{ all?: boolean; quiet?: boolean }>({
  arguments: '<node...>',
  options: [{ flags: '-a, --all', summary: 'also tasks that have ended' }, QUIET],
  examples: [{ line: 'tsctl node ps node1', does: 'what runs on a node' }],
  async run(session, references, options) {
    const client = await session.client();
    const nodes = await Promise.all(references.map((ref) => onlyExisting(client.call('getNode', { params: { ref } }), 'node', ref)));
    await listTasks(
      session,
      client,
      nodes.map((node) => ({ node: node.id })),
      options,
    );
    return 0;
  },
});
