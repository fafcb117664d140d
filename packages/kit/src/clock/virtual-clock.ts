import type { Clock, Timer } from './clock.js';

interface Entry {
  at: number;
  order: number;
  run: () => void;
}

/** Time that moves only when told to: for tests and the simulator. Timers fire in order of time, then of creation. */
export class VirtualClock implements Clock {
  readonly #origin: number;
  #elapsed = 0;
  #order = 0;
  readonly #entries = new Set<Entry>();

  constructor(origin = Date.UTC(2030, 0, 1)) {
    this.#origin = origin;
  }

  /** Whole milliseconds, as the machine's clock gives them. */
  now(): number {
    return this.#origin + Math.floor(this.#elapsed);
  }

  monotonic(): number {
    return this.#elapsed;
  }

  timer(delayMs: number, run: () => void): Timer {
    const entry = { at: this.#elapsed + Math.max(0, delayMs), order: this.#order++, run };
    this.#entries.add(entry);
    return { cancel: () => void this.#entries.delete(entry) };
  }

  /** Number of timers that wait. */
  get pending(): number {
    return this.#entries.size;
  }

  /** Milliseconds until the next timer, or `undefined` when none waits. */
  nextInMs(): number | undefined {
    const next = this.#next();
    return next && next.at - this.#elapsed;
  }

  /** Moves time by `byMs`, letting promises settle before the first and after each timer that comes due. */
  async advance(byMs: number): Promise<void> {
    const end = this.#elapsed + byMs;
    await settle();
    for (let next = this.#next(); next && next.at <= end; next = this.#next()) {
      this.#elapsed = next.at;
      this.#entries.delete(next);
      next.run();
      await settle();
    }
    this.#elapsed = end;
  }

  /** Moves time until `condition` holds. @throws Error when it does not within `limitMs` of virtual time. */
  async advanceUntil(condition: () => boolean, limitMs: number, what = 'condition'): Promise<void> {
    const end = this.#elapsed + limitMs;
    await settle();
    while (!condition()) {
      const next = this.#next();
      if (!next || next.at > end) throw new Error(`${what} did not come true within ${limitMs} ms of virtual time`);
      await this.advance(next.at - this.#elapsed);
    }
  }

  #next(): Entry | undefined {
    let first: Entry | undefined;
    for (const entry of this.#entries) {
      if (!first || entry.at < first.at || (entry.at === first.at && entry.order < first.order)) first = entry;
    }
    return first;
  }
}

/** Lets every promise that can settle without time or I/O do so. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
