/** Exit codes of `tsctl`, for scripts. docs/reference/exit-codes.md is generated from this table. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  changes: 3,
  notFound: 4,
  unreachable: 5,
  rolledBack: 6,
  paused: 7,
  deadline: 8,
  planChanged: 9,
  timeout: 124,
  interrupted: 130,
} as const;

export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'Done. For commands that wait: what was asked for runs, or stands as a canary.',
  failed: 'It was tried and failed: tasks of a service end again and again, or the manager refused.',
  usage: 'Wrong flag, argument, Compose file or spec. Nothing was changed.',
  changes: '`tsctl plan --exit-code` only: a deploy would change something.',
  notFound: 'No object has this name or id.',
  unreachable: 'No manager can be reached, or the manager cannot reach its store.',
  rolledBack: 'The update failed and was rolled back: what ran before runs again.',
  paused: 'The update is paused, since tasks failed or somebody paused it: some tasks are new, some old.',
  deadline: 'Tasks did not come up before the progress deadline (`x-progress-deadline`), and nothing was rolled back.',
  planChanged: '`tsctl deploy --plan` only: the deploy would do something else than the plan said. Nothing was changed.',
  timeout: 'The time of `--timeout` is over. What was begun goes on in the cluster.',
  interrupted: 'Stopped by Ctrl-C. What was begun goes on in the cluster.',
};
