import { defineCommand } from '../define.js';
import { setAvailability } from './availability.js';

export const command = defineCommand({
  arguments: '<node...>',
  examples: [{ line: 'tsctl node pause node1', does: 'keep what runs, take no new tasks' }],
  async run(session, references) {
    const nodes = await setAvailability(session, references, 'pause');
    session.print(...nodes.map((node) => node.name));
    return 0;
  },
});
