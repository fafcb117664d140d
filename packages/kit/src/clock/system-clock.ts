import type { Clock, Timer } from './clock.js';

const NANOSECONDS_PER_MS = 1e6;

/** The machine's own time. */
export class SystemClock implements Clock {
  now(): number {
    return Date.now();
  }

  /** Counts from the boot of the host, so that moments of one process mean the same to the next. */
  monotonic(): number {
    return Number(process.hrtime.bigint()) / NANOSECONDS_PER_MS;
  }

  timer(delayMs: number, run: () => void): Timer {
    const handle = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(handle) };
  }
}
