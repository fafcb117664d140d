import { ContextStore } from '../../context/context-store.js';
import { defineCommand } from '../define.js';
import { DEFAULT_DEV_NAME } from './name.js';

export const command = defineCommand({
  arguments: '[name]',
  details: 'Ends all processes of the cluster and removes its hosts, networks, files and context. Works for one that is half made, too.',
  examples: [{ line: 'tsctl dev down', does: 'remove the development cluster' }],
  async run(session, [name = DEFAULT_DEV_NAME]) {
    const { Bed } = await import('@tessera/bed');
    await Bed.destroy(name, session.io.clock);
    await new ContextStore(session.io).remove(name);
    session.print(name);
    return 0;
  },
});
