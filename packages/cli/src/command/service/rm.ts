import { livingTasks, waitGone } from '../../wait/gone.js';
import { defineCommand } from '../define.js';
import { onlyExisting } from '../lookup.js';
import { DETACH } from '../options.js';

export const command = defineCommand<{ detach?: boolean }>({
  arguments: '<service...>',
  options: [DETACH],
  examples: [{ line: 'tsctl service rm shop_web', does: 'remove a service and wait until its containers have stopped' }],
  async run(session, references, { detach }) {
    const client = await session.client();
    const ids = new Set<string>();
    for (const ref of references) {
      const { service } = await onlyExisting(client.call('getService', { params: { ref } }), 'service', ref);
      await client.call('removeService', { params: { ref: service.id } });
      ids.add(service.id);
      session.note(`- service ${service.spec.name} removed`);
    }
    if (detach) return 0;
    await waitGone(session, {
      what: `the removal of ${references.join(', ')}`,
      kinds: ['tasks'],
      remaining: (each) => livingTasks(each, (task) => ids.has(task.serviceId)),
      hint: 'see: tsctl ps',
    });
    session.print(...references);
    return 0;
  },
});
