import { printData } from '../../output/print.js';
import { defineCommand } from '../define.js';
import { onlyExisting } from '../lookup.js';

export const command = defineCommand({
  arguments: '<service...>',
  examples: [{ line: 'tsctl service inspect shop_web -o yaml', does: 'all that is known of a service' }],
  async run(session, references) {
    const client = await session.client();
    const found = await Promise.all(references.map((ref) => onlyExisting(client.call('getService', { params: { ref } }), 'service', ref)));
    await printData(session, found);
    return 0;
  },
});
