import { defineCommand } from '../define.js';
import { DETACH } from '../options.js';
import { controlUpdates } from './control.js';

export const command = defineCommand<{ detach?: boolean }>({
  arguments: '<service-or-stack...>',
  options: [DETACH],
  details: 'For services with x-canary, whose updates stop at that share. Waits for the end of the update, with the exit codes of deploy.',
  examples: [{ line: 'tsctl update promote shop_web', does: 'the canary is good: replace the rest, and wait' }],
  run: (session, references, { detach }) => controlUpdates(session, references, 'promote', !detach),
});
