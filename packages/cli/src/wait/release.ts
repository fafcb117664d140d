import type { Client, Release, ServiceProgress } from '@tessera/api';
import { EXIT } from '../exit.js';
import { Failure, Interrupted } from '../failure.js';
import { progressDisplay } from '../output/progress-display.js';
import { formatDuration } from '../output/units.js';
import type { Session } from '../session.js';
import { DEFAULT_WAIT_MS, withinLimit } from './converge.js';
import { followUntil } from './follow.js';
import { waitNetwork } from './network.js';

interface State {
  release: Release | undefined;
  services: ServiceProgress[];
}

/**
 * Waits until an atomic release is completed, or is taken back and the former one runs again.
 * @throws Failure: rolled back (exit code 6), failed without a release to go back to (1), overtaken (1), time over (124).
 */
export async function waitRelease(session: Session, stack: string, number: number): Promise<ServiceProgress[]> {
  const client = await session.client();
  const { clock, stderr } = session.io;
  const startedMs = clock.monotonic();
  const display = progressDisplay(stderr, clock, session.errorStyle);
  const hint = `see: tsctl history ${stack}; tsctl ps ${stack}`;
  const what = `release ${number} of ${stack}`;
  let notes: string[] = [];
  const { release, services } = await withinLimit(
    session,
    () => timeOver(session, what, hint),
    async (signal) => {
      const ended = await followUntil<State>({
        client,
        clock,
        signal,
        kinds: ['services', 'tasks', 'nodes', 'releases'],
        look: () => look(client, stack, number),
        disturbed: (reason) => display.disturb(reason),
        show: (state) => {
          display.show(state.services);
          return isOver(state);
        },
      });
      if (!failureOf(ended.release, what, hint)) notes = await waitNetwork(client, { stack }, signal);
      return ended;
    },
  )
    .catch((error: unknown) => {
      throw session.signal.aborted ? new Interrupted(`${what} goes on. ${hint}`) : error;
    })
    .finally(() => display.end());
  const failure = failureOf(release, what, hint);
  if (failure) throw failure;
  session.note(`${what} completed in ${formatDuration(clock.monotonic() - startedMs)}`, ...notes);
  return services;
}

async function look(client: Client, stack: string, number: number): Promise<State> {
  const [releases, services] = await Promise.all([
    client.call('listReleases', { params: { ref: stack } }),
    client.call('listProgress', { query: { stack } }),
  ]);
  return { release: releases.find((release) => release.number === number), services: services.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

/** A release that is taken back is over when what it went back to runs. */
function isOver({ release, services }: State): boolean {
  const isRunning = (service: ServiceProgress): boolean => service.converged || service.failed !== undefined;
  if (release?.outcome.state === 'rolling-out') return services.some(({ verdict }) => verdict === 'canary') && services.every(isGood);
  return release?.outcome.state === 'rolled-back' ? services.every(isRunning) : true;
}

function isGood({ converged, failed, verdict }: ServiceProgress): boolean {
  return verdict === 'canary' || (converged && failed === undefined);
}

function failureOf(release: Release | undefined, what: string, cure: string): Failure | undefined {
  if (!release) return new Failure(`${what} is gone: the stack was removed, or deployed too often since`, { cure });
  const { state, message } = release.outcome;
  if (state === 'rolled-back') return new Failure(`${what} was rolled back`, { exitCode: EXIT.rolledBack, details: [message], cure });
  if (state === 'failed') return new Failure(`${what} failed`, { details: [message], cure });
  return state === 'superseded' ? new Failure(`${what} was overtaken`, { details: [message], cure }) : undefined;
}

function timeOver(session: Session, what: string, cure: string): Failure {
  const limitMs = session.globals.timeout ?? DEFAULT_WAIT_MS;
  return new Failure(`waited ${formatDuration(limitMs)} in vain: ${what} goes on`, { exitCode: EXIT.timeout, cure });
}
