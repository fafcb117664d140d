import { jobControl } from './control.js';

export const command = jobControl({
  route: 'stopJob',
  details: 'Stops the tasks of the runs under way and counts these as cancelled. The schedule goes on.',
  example: { line: 'tsctl job stop shop_backup', does: 'stop the backup that runs at the moment' },
  said: ({ name }) => `the run of ${name} is being stopped`,
});
