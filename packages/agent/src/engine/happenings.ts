/** What is waited for of a container: that the engine's events tell it, whether or not the call that asked for it is answered. */
export class Happenings {
  readonly #waiting = new Map<string, Set<() => void>>();

  /** Settles as `call` does, or when the event comes first: a daemon that died, or hangs, may never answer. */
  async orCall(containerId: string, action: string, call: Promise<unknown>): Promise<void> {
    const key = `${action} ${containerId}`;
    let told = (): void => {};
    const event = new Promise<void>((resolve) => {
      told = resolve;
    });
    const waiting = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, waiting.add(told));
    try {
      await Promise.race([call, event]);
    } finally {
      waiting.delete(told);
      if (waiting.size === 0) this.#waiting.delete(key);
    }
  }

  /** An event has come. */
  tell(containerId: string, action: string): void {
    for (const told of this.#waiting.get(`${action} ${containerId}`) ?? []) told();
  }
}
