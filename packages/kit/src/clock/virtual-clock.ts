import type { Clock, Timer } from './clock.js';
import { TimerHeap } from './timer-heap.js';

/** Time that moves only when told to: for tests and the simulator. Timers fire in order of time, then of creation. */
export class VirtualClock implements Clock {
  readonly #origin: number;
  #elapsed = 0;
  #order = 0;
  readonly #timers = new TimerHeap();

  /**
   * @param settleNow lets promises settle at once, where something can: much faster than a turn of the event loop after each timer,
   *   but what waits for such a turn waits until time stands still
   */
  constructor(
    origin = Date.UTC(2030, 0, 1),
    private readonly settleNow?: () => void,
  ) {
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
    const entry = { at: this.#elapsed + Math.max(0, delayMs), order: this.#order++, run, cancelled: false };
    this.#timers.push(entry);
    return { cancel: () => this.#timers.cancel(entry) };
  }

  /** Number of timers that wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Milliseconds until the next timer, or `undefined` when none waits. */
  nextInMs(): number | undefined {
    const next = this.#timers.peek();
    return next && next.at - this.#elapsed;
  }

  /** Moves time by `byMs`, letting promises settle before the first and after each timer that comes due. */
  async advance(byMs: number): Promise<void> {
    const end = this.#elapsed + byMs;
    await settle();
    if (this.settleNow) await this.#advanceAtOnce(end, this.settleNow);
    for (let next = this.#timers.peek(); next && next.at <= end; next = this.#timers.peek()) {
      this.#timers.shift();
      this.#elapsed = Math.max(this.#elapsed, next.at);
      next.run();
      await settle();
    }
    this.#elapsed = end;
  }

  /** Moves time by `forMs` at once, as for a process that is stopped and goes on: what came due meanwhile fires only then. */
  async pause(forMs: number): Promise<void> {
    this.#elapsed += forMs;
    await this.advance(0);
  }

  /** Runs what is due in one turn of the event loop: outside of any promise, since within one no other can settle. */
  #advanceAtOnce(end: number, settleNow: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      setImmediate(() => {
        try {
          for (let next = this.#timers.peek(); next && next.at <= end; next = this.#timers.peek()) {
            this.#timers.shift();
            this.#elapsed = Math.max(this.#elapsed, next.at);
            next.run();
            settleNow();
          }
          resolve();
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  /** Moves time until `condition` holds. @throws Error when it does not within `limitMs` of virtual time. */
  async advanceUntil(condition: () => boolean, limitMs: number, what = 'condition'): Promise<void> {
    const end = this.#elapsed + limitMs;
    await settle();
    while (!condition()) {
      const next = this.#timers.peek();
      if (!next || next.at > end) throw new Error(`${what} did not come true within ${limitMs} ms of virtual time`);
      await this.advance(next.at - this.#elapsed);
    }
  }
}

/** Lets every promise that can settle without time or I/O do so. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
