import { printListing } from '../../output/print.js';
import { defineCommand } from '../define.js';
import { onlyExisting } from '../lookup.js';
import { QUIET } from '../options.js';
import { jobColumns, runColumns } from './job-table.js';

export const command = defineCommand<{ quiet?: boolean; stack?: string }>({
  arguments: '[job]',
  options: [{ flags: '--stack <name>', summary: 'only jobs of this stack' }, QUIET],
  details: 'Without a name, each job with its newest run. With one, the runs of that job that are kept, newest first.',
  examples: [
    { line: 'tsctl job ls', does: 'all jobs, and how their last runs went' },
    { line: 'tsctl job ls shop_backup', does: 'the last runs of one job' },
  ],
  async run(session, [reference], { stack, quiet }) {
    const client = await session.client();
    const nowMs = session.io.clock.now();
    if (reference !== undefined) {
      const job = await onlyExisting(client.call('getJob', { params: { ref: reference } }), 'job', reference);
      await printListing(session, {
        columns: runColumns(nowMs),
        rows: job.runs.map((run) => ({ job, run })),
        data: job,
        ids: job.runs.map((run) => String(run.number)),
        quiet,
        empty: `no run of ${job.name} yet`,
      });
      return 0;
    }
    const jobs = await client.call('listJobs', { query: { ...(stack !== undefined && { stack }) } });
    await printListing(session, {
      columns: jobColumns(nowMs),
      rows: jobs.map((job) => ({ job, run: job.runs[0] })),
      data: jobs,
      ids: jobs.map((job) => job.serviceId),
      quiet,
      empty: 'no jobs: services with deploy.mode replicated-job or global-job',
    });
    return 0;
  },
});
