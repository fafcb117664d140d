import type { Clock } from '../clock/clock.js';
import type { Log } from '../log/log.js';
import { jittered, type Random } from '../random/random.js';

export interface ReconcileLoopOptions {
  name: string;
  clock: Clock;
  random: Random;
  log: Log;
  /**
   * Brings one key to where it should be. Reads everything again: an event says only that the key may have changed.
   * May return milliseconds after which to look again though nothing changes (a delay or deadline in the plan).
   */
  reconcile(key: string): Promise<number | undefined>;
  /** Keys worked on at a time; 1 when absent. One key is never worked on twice at a time. */
  concurrency?: number;
  /** Delays after a failure double from the first to the second; defaults 50 ms and 10 s. */
  retryDelayMs?: { first: number; most: number };
}

/**
 * A queue of dirty keys and the workers that reconcile them: level-triggered, each key once however often it was
 * marked, failures retried with growing delays. The pattern of Kubernetes' controllers.
 */
export class ReconcileLoop {
  readonly #options: ReconcileLoopOptions;
  readonly #dirty = new Set<string>();
  readonly #active = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #timers = new Map<string, { cancel(): void }>();
  #stopped = false;
  readonly #idle: Array<() => void> = [];

  constructor(options: ReconcileLoopOptions) {
    this.#options = options;
  }

  /** Says that `key` may not be where it should be. Does nothing after `stop`. */
  mark(key: string): void {
    if (this.#stopped) return;
    if (this.#dirty.has(key)) return;
    this.#timers.get(key)?.cancel();
    this.#timers.delete(key);
    this.#dirty.add(key);
    queueMicrotask(() => this.#work());
  }

  /** Takes no more work and resolves when what is under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    this.#dirty.clear();
    if (this.#active.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #work(): void {
    for (const key of this.#dirty) {
      if (this.#active.size >= (this.#options.concurrency ?? 1)) return;
      if (this.#active.has(key)) continue;
      this.#dirty.delete(key);
      this.#active.add(key);
      void this.#run(key);
    }
  }

  async #run(key: string): Promise<void> {
    const { random, log, name, reconcile, retryDelayMs = { first: 50, most: 10_000 } } = this.#options;
    try {
      const againInMs = await reconcile(key);
      this.#failures.delete(key);
      if (againInMs !== undefined) this.#markIn(key, againInMs);
    } catch (error) {
      const failures = (this.#failures.get(key) ?? 0) + 1;
      this.#failures.set(key, failures);
      const delayMs = jittered(random, Math.min(retryDelayMs.most, retryDelayMs.first * 2 ** (failures - 1)));
      log.warn({ error, key, failures, delayMs: Math.round(delayMs) }, `${name}: reconcile failed, trying again`);
      // The failed key alone is held back: others go on.
      this.#markIn(key, delayMs);
    }
    this.#active.delete(key);
    if (this.#stopped && this.#active.size === 0) for (const resolve of this.#idle) resolve();
    this.#work();
  }

  #markIn(key: string, delayMs: number): void {
    if (this.#stopped || this.#dirty.has(key)) return;
    this.#timers.set(
      key,
      this.#options.clock.timer(delayMs, () => this.mark(key)),
    );
  }
}
