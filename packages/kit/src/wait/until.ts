import { type Clock, sleep } from '../clock/clock.js';

export interface UntilOptions {
  clock: Clock;
  /** What is waited for, as it should read in the error: "dockerd to answer". */
  what: string;
  /** Give up after so many milliseconds. */
  limitMs: number;
  /** Pause between two looks, in milliseconds. */
  intervalMs?: number;
  signal?: AbortSignal;
}

type Falsy = false | 0 | '' | null | undefined;

const DEFAULT_INTERVAL_MS = 20;

/**
 * Looks at `condition` until it gives something truthy, and returns that. It looks at least once, and once more when the
 * time is up. An error that the condition throws ends the wait.
 * @throws Error naming `what` when the limit passes; the signal's reason when it is aborted first.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  { clock, what, limitMs, intervalMs = DEFAULT_INTERVAL_MS, signal }: UntilOptions,
): Promise<Exclude<T, Falsy>> {
  const deadline = clock.monotonic() + limitMs;
  for (;;) {
    signal?.throwIfAborted();
    const value = await condition();
    if (value) return value as Exclude<T, Falsy>;
    const leftMs = deadline - clock.monotonic();
    if (leftMs <= 0) throw new Error(`waited ${limitMs} ms in vain for ${what}`);
    await sleep(clock, Math.min(intervalMs, leftMs), signal);
  }
}
