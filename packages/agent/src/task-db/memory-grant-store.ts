import type { GrantStore } from '../ports/grant-store.js';

/** For tests and the simulator: outlives the agents of one host. */
export class MemoryGrantStore implements GrantStore {
  #at: number | undefined;

  load(): number | undefined {
    return this.#at;
  }

  save(monotonicMs: number): void {
    this.#at = monotonicMs;
  }

  /** The host was booted. */
  forget(): void {
    this.#at = undefined;
  }
}
