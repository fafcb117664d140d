import { jobControl } from './control.js';

export const command = jobControl({
  route: 'resumeJob',
  details: 'Its schedule holds again from now on: what was due in between is not made up for.',
  example: { line: 'tsctl job resume shop_backup', does: 'backups again' },
  said: ({ name, nextAt }) => `${name} is resumed${nextAt === undefined ? '' : `, next run ${new Date(nextAt).toISOString()}`}`,
});
