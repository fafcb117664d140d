import { defineCommand } from '../define.js';
import { controlUpdates } from './control.js';

export const command = defineCommand({
  arguments: '<service-or-stack...>',
  details: 'Tasks that are being replaced at this moment come up; the others stay as they are, also when they are lost and made anew.',
  examples: [{ line: 'tsctl update pause shop_web', does: 'stop in the middle, to look' }],
  run: (session, references) => controlUpdates(session, references, 'pause', false),
});
