import { type Clock, withDeadline } from '../clock/clock.js';
import type { Log } from '../log/log.js';

/** One stop takes no longer than this: a hanging part must not keep the others from stopping. */
const STOP_LIMIT_MS = 10_000;

interface Part {
  name: string;
  stop(): void | Promise<void>;
}

/** The parts of a daemon: started one after the other, stopped in the opposite order. */
export class Lifecycle {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #parts: Part[] = [];

  constructor({ clock, log }: { clock: Clock; log: Log }) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Starts a part and remembers how it stops. @throws what `start` throws: call `stop` then for the parts before it. */
  async start<T>(name: string, start: () => T | Promise<T>, stop: (started: T) => void | Promise<void>): Promise<T> {
    const started = await start();
    this.#parts.push({ name, stop: () => stop(started) });
    this.#log.debug({ part: name }, 'started');
    return started;
  }

  /** Stops all parts, the last one first. A part that fails or hangs is logged and passed over. */
  async stop(): Promise<void> {
    for (let part = this.#parts.pop(); part; part = this.#parts.pop()) {
      const { name } = part;
      try {
        await withDeadline(
          this.#clock,
          STOP_LIMIT_MS,
          Promise.resolve(part.stop()),
          () => new Error(`${name} did not stop within ${STOP_LIMIT_MS} ms`),
        );
        this.#log.debug({ part: name }, 'stopped');
      } catch (error) {
        this.#log.error({ error, part: name }, 'a part did not stop cleanly');
      }
    }
  }
}
