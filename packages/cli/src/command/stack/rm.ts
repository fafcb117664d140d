import { livingTasks, waitGone } from '../../wait/gone.js';
import { defineCommand } from '../define.js';
import { DETACH } from '../options.js';

export const command = defineCommand<{ detach?: boolean }>({
  arguments: '<stack...>',
  options: [DETACH],
  details:
    'Removes the services, networks, configs and secrets of the stacks, and waits until their containers have stopped. Volumes stay.',
  examples: [
    { line: 'tsctl rm shop', does: 'remove a stack and wait until it is gone' },
    { line: 'tsctl rm --detach shop blog', does: 'remove two, do not wait' },
  ],
  async run(session, names, { detach }) {
    const client = await session.client();
    for (const ref of names) {
      const { removed } = await client.call('removeStack', { params: { ref } });
      session.note(...removed.map((name) => `- ${name} removed`));
    }
    if (detach) return 0;
    const what = `the removal of ${names.join(', ')}`;
    await waitGone(session, {
      what,
      kinds: ['tasks'],
      remaining: (each) => livingTasks(each, (task) => names.includes(task.stack ?? '')),
      hint: `see: tsctl ps -a ${names.join(' ')}`,
    });
    session.print(...names);
    return 0;
  },
});
