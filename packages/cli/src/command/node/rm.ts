import { defineCommand } from '../define.js';
import { onlyExisting } from '../lookup.js';
import { FORCE } from '../options.js';

export const command = defineCommand<{ force?: boolean }>({
  arguments: '<node...>',
  options: [FORCE],
  details: 'Forgets nodes that are down. With --force also one that is up: its agent is not let in again.',
  examples: [{ line: 'tsctl node rm node3', does: 'forget a host that is gone for good' }],
  async run(session, references, { force = false }) {
    const client = await session.client();
    for (const ref of references) {
      await onlyExisting(client.call('removeNode', { params: { ref }, query: { force } }), 'node', ref);
      session.print(ref);
    }
    return 0;
  },
});
