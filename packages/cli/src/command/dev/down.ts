import { ContextStore } from '../../context/context-store.js';
import { defineCommand } from '../define.js';
import { DEFAULT_DEV_NAME } from './name.js';

export const command = defineCommand({
  arguments: '[name]',
  details: 'Ends all processes of the cluster and removes its hosts, networks, files and context. Works for one that is half made, too.',
  examples: [{ line: 'tsctl dev down', does: 'remove the development cluster' }],
  async run(session, [name = DEFAULT_DEV_NAME]) {
    const { Bed } = await import('@tessera/bed');
    const { clock } = session.io;
    const known = (await Bed.list(clock)).some((bed) => bed.name === name);
    await Bed.destroy(name, clock);
    // Without a cluster of that name, the context by that name belongs to something else.
    if (known) await new ContextStore(session.io).remove(name);
    if (known) session.print(name);
    else session.note(`there is no development cluster "${name}": nothing to remove`);
    return 0;
  },
});
