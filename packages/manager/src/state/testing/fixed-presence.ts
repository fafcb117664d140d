import type { Presence } from '../../ports/presence.js';

/** A manager's place that is kept or lost as a test says. */
export class FixedPresence implements Presence {
  readonly #listeners = new Set<() => void>();

  constructor(private current: string | undefined = 'manager1') {}

  get id(): string | undefined {
    return this.current;
  }

  become(id: string | undefined): void {
    this.current = id;
    for (const listener of [...this.#listeners]) listener();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
