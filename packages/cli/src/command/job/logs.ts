import { EXIT } from '../../exit.js';
import { Failure } from '../../failure.js';
import { defineCommand } from '../define.js';
import { onlyExisting } from '../lookup.js';
import { countValue } from '../parse.js';
import { LOG_OPTIONS, type LogOptions, printLog } from '../task/print-log.js';

export const command = defineCommand<LogOptions>({
  arguments: '<job> [run]',
  options: LOG_OPTIONS,
  details: 'Without a number, the newest run. Logs are there as long as the run is in the history of the job.',
  examples: [
    { line: 'tsctl job logs -f shop_backup', does: 'follow the newest run to its end' },
    { line: 'tsctl job logs shop_backup 12', does: 'the log of run 12' },
  ],
  async run(session, [reference = '', number], options) {
    const client = await session.client();
    const job = await onlyExisting(client.call('getJob', { params: { ref: reference } }), 'job', reference);
    const run = number === undefined ? job.runs[0]?.number : countValue(number);
    if (run === undefined || !job.runs.some((each) => each.number === run))
      throw new Failure(run === undefined ? `job ${job.name} has no run yet` : `there is no run ${run} of ${job.name}`, {
        exitCode: EXIT.notFound,
        cure: `see what there is: tsctl job ls ${job.name}`,
      });
    return printLog(session, client, { route: 'serviceLogs', id: job.serviceId, run }, options);
  },
});
