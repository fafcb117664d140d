import { cronProblem } from '../../../cron/cron.js';
import { isJob } from '../../../object/job.js';
import { DEFAULT_JOB_HISTORY, type Schedule, type ServiceMode } from '../../../spec/index.js';
import type { Path } from '../../diagnostic.js';
import { type ConvertContext, compact } from '../context.js';
import type { ComposeService } from '../model.js';

const CURES = {
  cron: "write five fields, minute hour day month weekday, such as '0 3 * * *' for three o'clock each night, or six with seconds first",
  timezone: 'write a name of the IANA list, such as Europe/Berlin or UTC',
};

/** `x-schedule`: when a job runs. A text alone is the cron schedule, in UTC. */
export function convertSchedule(service: ComposeService, mode: ServiceMode, path: Path, context: ConvertContext): Schedule | undefined {
  const written = service['x-schedule'];
  if (written === undefined) return undefined;
  const place = [...path, 'x-schedule'];
  if (!isJob(mode)) {
    context.error(
      place,
      `goes with jobs only, and this service is ${mode.kind}`,
      "write 'deploy: {mode: replicated-job}' for tasks that run to their end, or global-job for one on each node",
    );
    return undefined;
  }
  const {
    cron,
    timezone = 'UTC',
    concurrency = 'forbid',
    missed = 'run-once',
    starting_deadline,
    history = DEFAULT_JOB_HISTORY,
  } = typeof written === 'string' ? { cron: written } : written;
  const problem = cronProblem({ cron, timezone });
  if (problem) context.error(typeof written === 'string' ? place : [...place, problem.part], problem.message, CURES[problem.part]);
  return { cron, timezone, concurrency, missed, ...compact({ startingDeadlineMs: starting_deadline }), history };
}
