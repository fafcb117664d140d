import { jobControl } from './control.js';

export const command = jobControl({
  route: 'suspendJob',
  details: 'Its schedule starts nothing any more, also after a deploy, until `tsctl job resume`. A run that is under way goes on.',
  example: { line: 'tsctl job suspend shop_backup', does: 'no backups for now' },
  said: ({ name }) => `${name} is suspended`,
});
