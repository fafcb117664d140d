/** Runs work one after the other; of several requests that wait, one run does for all. */
export class Coalesced {
  #running: Promise<void> = Promise.resolve();
  #waiting: Promise<void> | undefined;

  constructor(private readonly work: () => Promise<void>) {}

  /** Resolves, or fails, with a run that began after this call. */
  request(): Promise<void> {
    this.#waiting ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#running = this.#waiting as Promise<void>;
        this.#waiting = undefined;
        return this.work();
      });
    return this.#waiting;
  }

  /** Resolves when nothing that was requested so far is under way; never fails. */
  async idle(): Promise<void> {
    while (this.#waiting) await this.#waiting.catch(() => {});
    await this.#running.catch(() => {});
  }
}
