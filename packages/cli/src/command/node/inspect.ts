import { printData } from '../../output/print.js';
import { defineCommand } from '../define.js';
import { onlyExisting } from '../lookup.js';

export const command = defineCommand({
  arguments: '<node...>',
  examples: [{ line: 'tsctl node inspect node1 -o yaml', does: 'all that is known of a node' }],
  async run(session, references) {
    const client = await session.client();
    await printData(
      session,
      await Promise.all(references.map((ref) => onlyExisting(client.call('getNode', { params: { ref } }), 'node', ref))),
    );
    return 0;
  },
});
