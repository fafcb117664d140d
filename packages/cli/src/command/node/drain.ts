import { livingTasks, waitGone } from '../../wait/gone.js';
import { defineCommand } from '../define.js';
import { setAvailability } from './availability.js';

export const command = defineCommand<{ wait?: boolean }>({
  arguments: '<node...>',
  options: [{ flags: '-w, --wait', summary: 'wait until no task runs there any more' }],
  details: 'The tasks of the nodes are started elsewhere and then stopped here. New ones do not come before `tsctl node activate`.',
  examples: [{ line: 'tsctl node drain --wait node1', does: 'make a node free for maintenance' }],
  async run(session, references, { wait }) {
    const nodes = await setAvailability(session, references, 'drain');
    if (wait) {
      const ids = new Set(nodes.map((node) => node.id));
      await waitGone(session, {
        what: `the drain of ${nodes.map((node) => node.name).join(', ')}`,
        kinds: ['tasks'],
        remaining: (client) => livingTasks(client, (task) => ids.has(task.nodeId ?? '')),
        hint: `see: tsctl ps --node ${nodes[0]?.name}`,
      });
    }
    session.print(...nodes.map((node) => node.name));
    return 0;
  },
});
