import { usageFailure } from '../../../failure.js';
import { printData, wantsData } from '../../../output/print.js';
import { defineCommand } from '../../define.js';

export const command = defineCommand({
  arguments: '[role]',
  details:
    'Makes a new join token for a worker (the default) or a manager, and prints it. The old one is void at once; nodes that have joined stay.',
  examples: [{ line: 'tsctl cluster token rotate worker', does: 'a token for tessera-agent join' }],
  async run(session, [role = 'worker']) {
    if (role !== 'worker' && role !== 'manager') throw usageFailure(`"${role}" is no role`, 'worker or manager');
    const client = await session.client();
    const { token } = await client.call('rotateToken', { params: { role } });
    if (wantsData(session)) await printData(session, { role, token });
    else session.print(token);
    return 0;
  },
});
