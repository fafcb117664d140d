import type { Client, Kind, WatchLine } from '@tessera/api';
import { type Clock, sleep } from '@tessera/kit/clock/clock';
import { isApiError } from '../output/error.js';
import { Pulse } from './pulse.js';

/** Changes come in bursts: so long after one, all that came are answered by a single look. */
const DEBOUNCE_MS = 100;
/** Pause before the stream is opened again; doubles up to the second. */
const RECONNECT_MS = { first: 250, most: 5_000 };
/** The manager sends a line at least every 15 s: without any for so long the connection is dead. */
const SILENCE_MS = 40_000;

export interface FollowOptions<State> {
  client: Client;
  clock: Clock;
  signal: AbortSignal;
  /** Kinds whose changes matter. */
  kinds: readonly Kind[];
  /** Reads the whole state again: a change says only that it may be another. */
  look(): Promise<State>;
  /** @returns whether the end is reached. */
  show(state: State): boolean;
  /** Told when the manager is out of reach (why), and when it is back (undefined). */
  disturbed(reason: string | undefined): void;
}

/**
 * Looks at once and after each change that the watch stream tells of, until `show` says that it is enough.
 * Outlives managers: it connects again and looks again.
 * @throws the signal's reason; ApiError for all but `unavailable` and `timeout`.
 */
export async function followUntil<State>(options: FollowOptions<State>): Promise<State> {
  const { clock } = options;
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  const changed = new Pulse();
  const watching = keepWatching({ ...options, signal }, changed);
  try {
    // The watch ends only by an error, which ends the wait.
    return await Promise.race([watching, lookUntilDone({ ...options, signal }, changed, clock)]);
  } finally {
    over.abort();
    await watching.catch(() => {});
  }
}

async function lookUntilDone<State>(options: FollowOptions<State>, changed: Pulse, clock: Clock): Promise<State> {
  for (;;) {
    const state = await tolerant(options.look);
    if (state !== undefined && options.show(state)) return state;
    await changed.next(options.signal);
    await sleep(clock, DEBOUNCE_MS, options.signal);
  }
}

/** @returns undefined when the manager is away: the watch stream tells when it is back. */
async function tolerant<State>(look: () => Promise<State>): Promise<State | undefined> {
  try {
    return await look();
  } catch (error) {
    if (!isPassing(error)) throw error;
    return undefined;
  }
}

async function keepWatching<State>(options: FollowOptions<State>, changed: Pulse): Promise<never> {
  const { clock, signal, disturbed } = options;
  let pauseMs = RECONNECT_MS.first;
  for (;;) {
    const reason = await watchOnce(options, () => {
      pauseMs = RECONNECT_MS.first;
      disturbed(undefined);
      changed.raise();
    });
    signal.throwIfAborted();
    disturbed(reason);
    await sleep(clock, pauseMs, signal);
    pauseMs = Math.min(RECONNECT_MS.most, pauseMs * 2);
  }
}

/** @returns why the stream ended. */
async function watchOnce<State>({ client, clock, signal, kinds }: FollowOptions<State>, onLine: () => void): Promise<string> {
  const silence = new AbortController();
  const arm = () => clock.timer(SILENCE_MS, () => silence.abort());
  let timer = arm();
  try {
    const lines: AsyncIterable<WatchLine> = client.stream(
      'watch',
      { query: { kinds: kinds.join(',') } },
      AbortSignal.any([signal, silence.signal]),
    );
    for await (const _ of lines) {
      timer.cancel();
      timer = arm();
      onLine();
    }
    return 'the manager ended the connection';
  } catch (error) {
    if (silence.signal.aborted) return 'the manager went silent';
    if (signal.aborted || isPassing(error)) return (error as Error).message;
    throw error;
  } finally {
    timer.cancel();
  }
}

/** The manager may be back soon. */
function isPassing(error: unknown): boolean {
  return isApiError(error, 'unavailable') || isApiError(error, 'timeout');
}
