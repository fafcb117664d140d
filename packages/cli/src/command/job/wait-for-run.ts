import type { JobDetail } from '@tessera/api';
import { EXIT } from '../../exit.js';
import { Failure, Interrupted } from '../../failure.js';
import { taskName } from '../../output/task-name.js';
import { formatDuration } from '../../output/units.js';
import type { Session } from '../../session.js';
import { withinLimit } from '../../wait/converge.js';
import { followUntil } from '../../wait/follow.js';
import type { Run } from './job-table.js';

const LARGEST_EXIT_CODE = 255;

/** As `docker run` does: the exit code of what ran, so that scripts can tell failures apart. */
export function exitCodeOf({ state, exitCode = EXIT.failed }: Run): number {
  if (state === 'complete') return EXIT.ok;
  return exitCode > 0 && exitCode <= LARGEST_EXIT_CODE ? exitCode : EXIT.failed;
}

/**
 * Waits until the run that answers a request is over, and says what goes on.
 * @throws Failure when time is over; Interrupted at Ctrl-C.
 */
export async function waitForRun(session: Session, { name, serviceId }: JobDetail, request: number): Promise<Run> {
  const client = await session.client();
  const { clock } = session.io;
  const hint = `see: tsctl job ls ${name}`;
  const say = onlyNews(session);
  const end = await withinLimit(
    session,
    () => new Failure(`the run of ${name} is not over yet: it goes on`, { exitCode: EXIT.timeout, cure: hint }),
    (signal) =>
      followUntil<{ run: Run | undefined; waiting: string | undefined }>({
        client,
        clock,
        signal,
        kinds: ['services', 'tasks', 'nodes'],
        look: async () => {
          const { runs } = await client.call('getJob', { params: { ref: serviceId } });
          const run = runs.find((each) => each.request === request);
          return { run, waiting: run?.state === 'running' ? await describeTasks(session, serviceId, run.number) : undefined };
        },
        disturbed: (reason) => reason !== undefined && say(session.errorStyle.yellow(`! ${reason}; trying again`)),
        show: ({ run, waiting }) => {
          if (run) say(`run ${run.number} of ${name}${waiting === undefined ? '' : `: ${waiting}`}`);
          return run !== undefined && run.state !== 'running';
        },
      }),
  ).catch((error: unknown) => {
    throw session.signal.aborted ? new Interrupted(`the run of ${name} goes on. ${hint}`) : error;
  });
  tellEnd(session, name, end.run!);
  return end.run!;
}

function tellEnd(session: Session, name: string, run: Run): void {
  const { errorStyle: style } = session;
  const took = formatDuration((run.finishedAt ?? run.startedAt) - run.startedAt);
  if (run.state === 'complete') session.note(style.green(`run ${run.number} of ${name} completed in ${took}`));
  else
    session.note(style.red(`run ${run.number} of ${name} ${run.state}: ${run.message ?? ''}`), `see: tsctl job logs ${name} ${run.number}`);
}

/** `shop_backup.1: running`, each task that is under way or ended last in its slot. */
async function describeTasks(session: Session, serviceId: string, run: number): Promise<string> {
  const client = await session.client();
  const tasks = await client.call('listTasks', { query: { service: serviceId, all: true } });
  const newest = new Map<string, (typeof tasks)[number]>();
  for (const task of [...tasks].reverse()) if (task.run === run) newest.set(String(task.slot ?? task.nodeId), task);
  const said = [...newest.values()].map((task) => `${taskName(task)} ${wordsOf(task)}`);
  return said.length > MOST_TASKS ? `${said.slice(0, MOST_TASKS).join(', ')}, and ${said.length - MOST_TASKS} more` : said.join(', ');
}

const MOST_TASKS = 5;

function wordsOf({ status }: { status: { state: string; message: string; error?: string } }): string {
  if (status.state === 'pending' || status.state === 'preparing') return status.message;
  return status.error === undefined ? status.state : `${status.state}: ${status.error}`;
}

/** Says a line to standard error unless it is what was said last. */
function onlyNews(session: Session): (line: string) => void {
  let last: string | undefined;
  return (line) => {
    if (line !== last) session.note(line);
    last = line;
  };
}
