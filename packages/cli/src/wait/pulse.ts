/** A flag that one side raises any number of times and the other side waits for: many raises make one wake-up. */
export class Pulse {
  #raised = false;
  #wake: (() => void) | undefined;

  raise(): void {
    this.#raised = true;
    this.#wake?.();
  }

  /** Resolves when the flag was raised since the last call, and lowers it. */
  async next(signal: AbortSignal): Promise<void> {
    if (!this.#raised) await this.#wait(signal);
    signal.throwIfAborted();
    this.#raised = false;
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        this.#wake = undefined;
        resolve();
      };
      this.#wake = wake;
      if (signal.aborted) return wake();
      signal.addEventListener('abort', wake, { once: true });
    });
  }
}
