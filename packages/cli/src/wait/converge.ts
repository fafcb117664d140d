import type { Client, ServiceProgress, Task } from '@tessera/api';
import { EXIT } from '../exit.js';
import { Failure, Interrupted } from '../failure.js';
import { describeProgress } from '../output/progress.js';
import { progressDisplay } from '../output/progress-display.js';
import { taskName } from '../output/task-name.js';
import { counted, formatDuration } from '../output/units.js';
import type { Session } from '../session.js';
import { followUntil } from './follow.js';
import { type ServiceChoice, waitNetwork } from './network.js';

/** Longer than the default progress deadline, which tells more than that time is over; `--timeout 0` waits for ever. */
export const DEFAULT_WAIT_MS = 15 * 60_000;

export interface Wait extends ServiceChoice {
  /** What goes on when the wait is given up: `the deploy of shop`. */
  what: string;
  /** How to see later how it went. */
  hint: string;
}

/**
 * Waits until all services are as asked and the nodes send clients to them, showing how far they are.
 * @throws Failure when one cannot come up or did not stay (exit codes 1, 6, 7, 8) or time is over (124); Interrupted at Ctrl-C.
 */
export async function waitConverged(session: Session, wait: Wait): Promise<ServiceProgress[]> {
  const client = await session.client();
  const { clock } = session.io;
  const startedMs = clock.monotonic();
  const display = progressDisplay(session.io.stderr, clock, session.errorStyle);
  let last: ServiceProgress[] = [];
  let notes: string[] = [];
  const services = await withinLimit(
    session,
    () => timeOver(session, wait, last),
    async (signal) => {
      const show = (state: ServiceProgress[]): void => display.show((last = state));
      const ended = await followProgress(session, client, wait, { show, disturbed: (reason) => display.disturb(reason), signal });
      if (!ended.some(isFailed)) notes = await waitNetwork(client, wait, signal);
      return ended;
    },
  )
    .catch((error: unknown) => {
      throw session.signal.aborted ? new Interrupted(`${wait.what} goes on. ${wait.hint}`) : error;
    })
    .finally(() => display.end());
  const failed = services.filter(isFailed);
  if (failed.length > 0) throw await failureOf(client, failed, wait);
  const canaries = services.filter((service) => service.verdict === 'canary');
  session.note(...canaries.map((service) => `${service.name} stands as a ${service.update?.message ?? 'canary'}`));
  const converged = services.length - canaries.length;
  if (converged > 0 || canaries.length === 0)
    session.note(`${counted(converged, 'service')} converged in ${formatDuration(clock.monotonic() - startedMs)}`);
  session.note(...notes);
  return services;
}

/** Resolves when each service is as asked, stands as a canary or has failed. */
function followProgress(
  { io: { clock } }: Session,
  client: Client,
  wait: Wait,
  to: { show(state: ServiceProgress[]): void; disturbed(reason: string | undefined): void; signal: AbortSignal },
): Promise<ServiceProgress[]> {
  return followUntil<ServiceProgress[]>({
    client,
    clock,
    ...to,
    kinds: ['services', 'tasks', 'nodes'],
    look: () => progressOf(client, wait),
    show: (state) => {
      to.show(state);
      return state.some(isFailed) || state.every(isDone);
    },
  });
}

/** Runs `work` with a signal that is aborted by Ctrl-C, or by the failure that `over` makes when `--timeout` has passed. */
export async function withinLimit<T>(session: Session, over: () => Failure, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const limitMs = session.globals.timeout ?? DEFAULT_WAIT_MS;
  const limit = new AbortController();
  const timer = limitMs > 0 ? session.io.clock.timer(limitMs, () => limit.abort(over())) : undefined;
  try {
    return await work(AbortSignal.any([session.signal, limit.signal]));
  } finally {
    timer?.cancel();
  }
}

async function progressOf(client: Client, { stack, serviceIds }: Wait): Promise<ServiceProgress[]> {
  const progress = await client.call('listProgress', { query: { ...(stack !== undefined && { stack }) } });
  return progress.filter((service) => serviceIds?.has(service.serviceId) ?? true).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function isFailed(service: ServiceProgress): boolean {
  return service.failed !== undefined;
}

function isDone(service: ServiceProgress): boolean {
  return service.converged || service.verdict === 'canary';
}

/** Of several services the one that needs the user most decides. */
const EXIT_CODES = [
  ['paused', EXIT.paused],
  ['deadline', EXIT.deadline],
  ['failing', EXIT.failed],
  ['rolled-back', EXIT.rolledBack],
] as const;

function exitCodeOf(failed: readonly ServiceProgress[]): number {
  return EXIT_CODES.find(([verdict]) => failed.some((service) => service.verdict === verdict))?.[1] ?? EXIT.failed;
}

function timeOver(session: Session, wait: Wait, last: readonly ServiceProgress[]): Failure {
  const open = last.filter((service) => !service.converged).map((service) => `${service.name}: ${describeProgress(service)}`);
  const limitMs = session.globals.timeout ?? DEFAULT_WAIT_MS;
  return new Failure(`waited ${formatDuration(limitMs)} in vain: ${wait.what} goes on`, {
    exitCode: EXIT.timeout,
    details: open,
    cure: wait.hint,
  });
}

async function failureOf(client: Client, failed: readonly ServiceProgress[], wait: Wait): Promise<Failure> {
  const details = await Promise.all(failed.map((service) => explainFailure(client, service)));
  const names = failed.map((service) => service.name);
  const what = failed.every((service) => service.verdict === 'rolled-back') ? 'was rolled back' : 'did not come up';
  return new Failure(`${names.join(', ')} ${what}`, {
    exitCode: exitCodeOf(failed),
    details: details.flat(),
    cure: cureOf(failed, wait),
  });
}

function cureOf(failed: readonly ServiceProgress[], wait: Wait): string {
  const paused = failed.find((service) => service.update?.state === 'paused');
  const next = paused === undefined ? '' : `; then tsctl update resume ${paused.name}, or tsctl update abort ${paused.name}`;
  return `${wait.hint}; tsctl logs ${failed[0]?.name}${next}`;
}

async function explainFailure(client: Client, service: ServiceProgress): Promise<string[]> {
  const line = `${service.name}: ${service.failed}`;
  const tasks = await client.call('listTasks', { query: { service: service.serviceId, all: true } }).catch(() => []);
  const last = latestError(tasks);
  return last === undefined ? [line] : [line, `last error: ${taskName(last)}: ${last.status.error}`];
}

function latestError(tasks: readonly Task[]): Task | undefined {
  return tasks.filter((task) => task.status.error !== undefined).sort((a, b) => b.status.at - a.status.at)[0];
}
