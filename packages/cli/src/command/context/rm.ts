import { ContextStore } from '../../context/context-store.js';
import { EXIT } from '../../exit.js';
import { Failure } from '../../failure.js';
import { defineCommand } from '../define.js';

export const command = defineCommand({
  arguments: '<name...>',
  details: 'Forgets the address and the key. The cluster itself is not touched.',
  examples: [{ line: 'tsctl context rm old', does: 'forget a cluster' }],
  async run(session, names) {
    const store = new ContextStore(session.io);
    for (const name of names) {
      if (!(await store.remove(name)))
        throw new Failure(`there is no context "${name}"`, { exitCode: EXIT.notFound, cure: 'see what there is: tsctl context ls' });
      session.print(name);
    }
    return 0;
  },
});
