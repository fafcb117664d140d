import { defineCommand } from '../define.js';
import { DETACH } from '../options.js';
import { controlUpdates } from './control.js';

export const command = defineCommand<{ detach?: boolean }>({
  arguments: '<service-or-stack...>',
  options: [DETACH],
  details: 'Failures and waits from before are forgiven, new ones count. Waits for the end of the update, with the exit codes of deploy.',
  examples: [{ line: 'tsctl update resume shop', does: 'go on with all paused updates of a stack, and wait' }],
  run: (session, references, { detach }) => controlUpdates(session, references, 'resume', !detach),
});
