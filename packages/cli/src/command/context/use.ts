import { ContextStore } from '../../context/context-store.js';
import { defineCommand } from '../define.js';

export const command = defineCommand({
  arguments: '<name>',
  examples: [{ line: 'tsctl context use prod', does: 'talk to this cluster from now on' }],
  async run(session, [name = '']) {
    await new ContextStore(session.io).use(name);
    session.print(name);
    if (session.io.env.TSCTL_CONTEXT) session.note(`TSCTL_CONTEXT is set: ${session.io.env.TSCTL_CONTEXT} is used as long as it is`);
    return 0;
  },
});
