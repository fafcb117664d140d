import type { ObjectChange } from '@tessera/api';
import type { Clock } from '@tessera/kit';

/** The last change of each object that was not read yet, in order. */
export class PendingChanges {
  readonly #changes = new Map<string, ObjectChange>();
  #wake: () => void = () => {};

  constructor(private readonly clock: Clock) {}

  add(change: ObjectChange): void {
    const key = `${change.kind}/${change.id}`;
    this.#changes.delete(key);
    this.#changes.set(key, change);
    this.#wake();
  }

  /** The oldest change; undefined when none comes within `limitMs` or the signal is aborted. */
  async next(limitMs: number, signal: AbortSignal): Promise<ObjectChange | undefined> {
    if (this.#changes.size === 0) await this.#waitForOne(limitMs, signal);
    const [first] = this.#changes;
    if (!first) return undefined;
    this.#changes.delete(first[0]);
    return first[1];
  }

  #waitForOne(limitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = this.clock.timer(limitMs, done);
      signal.addEventListener('abort', done, { once: true });
      this.#wake = done;
    });
  }
}
