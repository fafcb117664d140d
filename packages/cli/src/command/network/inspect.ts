import { printData } from '../../output/print.js';
import { defineCommand } from '../define.js';
import { onlyExisting } from '../lookup.js';

export const command = defineCommand({
  arguments: '<network...>',
  details:
    'With what it has given out: addresses used and free, the blocks of its nodes and what stands beside them of IPv6, its MTU and the node that sets it, the services on it, and what is not as it should be.',
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
