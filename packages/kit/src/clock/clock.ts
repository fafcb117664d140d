/** Time as a port, so that the whole cluster also runs under a virtual clock. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. May jump when the host's clock is set: for records only. */
  now(): number;
  /** Milliseconds from an arbitrary origin that never go back: for durations and deadlines. */
  monotonic(): number;
  /** Calls `run` once after `delayMs`. */
  timer(delayMs: number, run: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

/** Resolves after `delayMs`; rejects with the signal's reason when it is aborted first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.timer(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/**
 * Settles as `work` does, or rejects with `makeError()` after `limitMs`.
 * `work` itself is not stopped: hand it a signal where it can be.
 */
export function withDeadline<T>(clock: Clock, limitMs: number, work: Promise<T>, makeError: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.timer(limitMs, () => reject(makeError()));
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}
