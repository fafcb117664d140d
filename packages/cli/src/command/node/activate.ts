import { defineCommand } from '../define.js';
import { setAvailability } from './availability.js';

export const command = defineCommand({
  arguments: '<node...>',
  examples: [{ line: 'tsctl node activate node1', does: 'let a drained or paused node take tasks again' }],
  async run(session, references) {
    const nodes = await setAvailability(session, references, 'active');
    session.print(...nodes.map((node) => node.name));
    return 0;
  },
});
