import { defineCommand } from '../define.js';
import { onlyExisting } from '../lookup.js';

export const command = defineCommand({
  arguments: '<network...>',
  examples: [{ line: 'tsctl network rm backbone', does: 'remove a network that no service uses' }],
  async run(session, references) {
    const client = await session.client();
    for (const ref of references) {
      await onlyExisting(client.call('removeNetwork', { params: { ref } }), 'network', ref);
      session.print(ref);
    }
    return 0;
  },
});
