import type { Clock, Timer } from '@tessera/kit';
import type { Kv, WatchOptions } from '@tessera/manager/ports/kv';
import type { Moment } from './moment.js';

/**
 * One operating system process of the simulated cluster. All that its code hears from outside (timers, answers, events)
 * comes through it: once killed it hears nothing more, so that it does nothing more; while paused, it hears it all later.
 */
export class SimProcess {
  readonly clock: Clock;
  #state: 'running' | 'paused' | 'dead' = 'running';
  #held: Array<() => void> = [];

  /** @param skewMs by how much the wall clock of its host is wrong now */
  constructor(
    clock: Clock,
    private readonly moment: Moment,
    skewMs: () => number,
  ) {
    this.clock = new ProcessClock(clock, this, skewMs);
  }

  get isDead(): boolean {
    return this.#state === 'dead';
  }

  get isPaused(): boolean {
    return this.#state === 'paused';
  }

  kill(): void {
    this.#state = 'dead';
    this.#held = [];
  }

  pause(): void {
    if (this.#state === 'running') this.#state = 'paused';
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    for (const run of this.#held.splice(0)) run();
  }

  /** Lets the process hear of something, now, later or never. */
  deliver(run: () => void): void {
    if (!this.moment.step()) return;
    if (this.#state === 'running') run();
    else if (this.#state === 'paused') this.#held.push(run);
  }

  /** `answer` as the process hears it. */
  hears<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      answer.then(
        (value) => this.deliver(() => resolve(value)),
        (error) => this.deliver(() => reject(error)),
      );
    });
  }
}

class ProcessClock implements Clock {
  constructor(
    private readonly clock: Clock,
    private readonly process: SimProcess,
    private readonly skewMs: () => number,
  ) {}

  now(): number {
    return this.clock.now() + this.skewMs();
  }

  monotonic(): number {
    return this.clock.monotonic();
  }

  timer(delayMs: number, run: () => void): Timer {
    if (this.process.isDead) return { cancel: () => {} };
    let cancelled = false;
    const timer = this.clock.timer(delayMs, () => this.process.deliver(() => cancelled || run()));
    return {
      cancel: () => {
        cancelled = true;
        timer.cancel();
      },
    };
  }
}

/** A connection to the store as `process` uses it. */
export function processKv(kv: Kv, process: SimProcess): Kv {
  const watchOptions = (options: WatchOptions): WatchOptions => ({
    fromRevision: options.fromRevision,
    onEvents: (events, revision) => process.deliver(() => options.onEvents(events, revision)),
    onEnd: (reason) => process.deliver(() => options.onEnd(reason)),
  });
  return {
    keepsObjects: kv.keepsObjects,
    get: (key) => process.hears(kv.get(key)),
    range: (prefix, options) => process.hears(kv.range(prefix, options)),
    txn: (txn) => process.hears(kv.txn(txn)),
    watch: (prefix, options) => kv.watch(prefix, watchOptions(options)),
    grantLease: (ttlMs) => process.hears(kv.grantLease(ttlMs)),
    compact: (revision) => process.hears(kv.compact(revision)),
    close: () => process.hears(kv.close()),
  };
}
