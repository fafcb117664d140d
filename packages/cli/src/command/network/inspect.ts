import { printData } from '../../output/print.js';
import { defineCommand } from '../define.js';
import { onlyExisting } from '../lookup.js';

export const command = defineCommand({
  arguments: '<network...>',
  examples: [{ line: 'tsctl network inspect shop_default', does: 'all that is known of a network' }],
  async run(session, references) {
    const client = await session.client();
    await printData(
      session,
      await Promise.all(references.map((ref) => onlyExisting(client.call('getNetwork', { params: { ref } }), 'network', ref))),
    );
    return 0;
  },
});
