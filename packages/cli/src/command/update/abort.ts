import { defineCommand } from '../define.js';
import { DETACH } from '../options.js';
import { controlUpdates } from './control.js';

export const command = defineCommand<{ detach?: boolean }>({
  arguments: '<service-or-stack...>',
  options: [DETACH],
  details:
    'For updates under way, paused, or standing as a canary: makes the spec from before current again, under the rollback settings of the service, and waits.',
  examples: [
    { line: 'tsctl update abort shop_web', does: 'back to what ran before' },
    { line: 'tsctl update abort shop', does: 'the same for all updates of a stack' },
  ],
  run: (session, references, { detach }) => controlUpdates(session, references, 'abort', !detach),
});
