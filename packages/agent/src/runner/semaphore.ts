import type { Clock } from '@tessera/kit';

export interface SemaphoreOptions {
  clock: Clock;
  /** Pieces of work that go on at a time; the others wait in order. */
  limit: number;
  /** Work that takes longer than this goes on, but holds up nobody any more: in milliseconds. */
  holdMs: number;
}

/** Lets a few pieces of work run at a time, without letting some that hang hold up all the others. */
export class Semaphore {
  readonly #options: SemaphoreOptions;
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(options: SemaphoreOptions) {
    this.#options = options;
    this.#free = options.limit;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    let isHeld = true;
    const release = (): void => {
      if (!isHeld) return;
      isHeld = false;
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    };
    const timer = this.#options.clock.timer(this.#options.holdMs, release);
    try {
      return await work();
    } finally {
      timer.cancel();
      release();
    }
  }
}
