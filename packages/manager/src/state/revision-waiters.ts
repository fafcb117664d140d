/** Those who wait until the view holds a revision. */
export class RevisionWaiters {
  #reached = 0;
  readonly #waiting = new Set<{ revision: number; resolve: () => void; reject: (reason: unknown) => void }>();

  /** The revision up to which the view is complete. */
  get reached(): number {
    return this.#reached;
  }

  reach(revision: number): void {
    this.#reached = Math.max(this.#reached, revision);
    if (this.#waiting.size === 0) return;
    for (const waiter of [...this.#waiting]) if (waiter.revision <= this.#reached) waiter.resolve();
  }

  wait(revision: number, signal?: AbortSignal): Promise<void> {
    if (revision <= this.#reached) return Promise.resolve();
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const done = (): void => {
        this.#waiting.delete(waiter);
        signal?.removeEventListener('abort', onAbort);
      };
      const onAbort = (): void => waiter.reject(signal?.reason);
      const waiter = {
        revision,
        resolve: () => {
          done();
          resolve();
        },
        reject: (reason: unknown) => {
          done();
          reject(reason);
        },
      };
      this.#waiting.add(waiter);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  rejectAll(reason: unknown): void {
    for (const waiter of [...this.#waiting]) waiter.reject(reason);
  }
}
