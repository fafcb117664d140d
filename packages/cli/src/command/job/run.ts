import { printData, wantsData } from '../../output/print.js';
import { defineCommand } from '../define.js';
import { onlyExisting } from '../lookup.js';
import { DETACH } from '../options.js';
import { exitCodeOf, waitForRun } from './wait-for-run.js';

export const command = defineCommand<{ detach?: boolean }>({
  arguments: '<job>',
  options: [DETACH],
  details:
    'Starts a run with the current spec, whatever the schedule says, and waits for its end: the exit code is 0 when it completed, else that of the task that failed. While a run is under way, another one starts only if the concurrency of x-schedule is allow or replace.',
  examples: [
    { line: 'tsctl job run shop_backup', does: 'run it now and wait for its end' },
    { line: 'tsctl job run --detach shop_backup', does: 'start it and return' },
  ],
  async run(session, [reference = ''], { detach }) {
    const client = await session.client();
    const { request, job } = await onlyExisting(client.call('runJob', { params: { ref: reference } }), 'job', reference);
    if (detach) {
      if (wantsData(session)) await printData(session, job);
      else session.note(`a run of ${job.name} was asked for; see how it goes: tsctl job ls ${job.name}`);
      return 0;
    }
    const run = await waitForRun(session, job, request);
    if (wantsData(session)) await printData(session, run);
    return exitCodeOf(run);
  },
});
