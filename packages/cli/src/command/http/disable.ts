import { HTTP_NETWORK } from '@tessera/api';
import { PROXY_STACK } from '../../http/proxy-stack.js';
import { isApiError } from '../../output/error.js';
import { livingTasks, waitGone } from '../../wait/gone.js';
import { defineCommand } from '../define.js';
import { DETACH } from '../options.js';

export const command = defineCommand<{ detach?: boolean }>({
  options: [DETACH],
  details:
    'Removes the stack of the proxy and waits until its containers have stopped. Routes and the CA stay, and so do volumes with certificates; the network goes when no service is on it any more.',
  examples: [{ line: 'tsctl http disable', does: 'stop the proxy' }],
  async run(session, _args, { detach }) {
    const client = await session.client();
    const { removed } = await client.call('removeStack', { params: { ref: PROXY_STACK } });
    session.note(...removed.map((name) => `- ${name} removed`));
    try {
      await client.call('removeNetwork', { params: { ref: HTTP_NETWORK } });
      session.note(`- network ${HTTP_NETWORK} removed`);
    } catch (error) {
      if (!isApiError(error, 'in-use') && !isApiError(error, 'not-found')) throw error;
      if (isApiError(error, 'in-use')) session.note(`network ${HTTP_NETWORK} stays: services with x-http are on it`);
    }
    if (detach) return 0;
    await waitGone(session, {
      what: 'the removal of the HTTP proxy',
      kinds: ['tasks'],
      remaining: (each) => livingTasks(each, (task) => task.stack === PROXY_STACK),
      hint: `see: tsctl ps -a ${PROXY_STACK}`,
    });
    return 0;
  },
});
