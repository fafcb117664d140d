import type { Clock } from '@tessera/kit';

/** Runs without such a fault come to some fifty. */
const MOST_STEPS = 10_000;

/**
 * Counts what processes hear in one moment of virtual time. One that answers whatever it hears by something that it hears of at once would never let time pass,
 * and its thread would never come back.
 */
export class Moment {
  #at = -1;
  #steps = 0;
  #endlessAt: number | undefined;

  constructor(private readonly clock: Clock) {}

  /** The moment that had no end, in milliseconds from the beginning, if there was one. */
  get endlessAt(): number | undefined {
    return this.#endlessAt;
  }

  /** @returns false when it is too much: then nothing is heard any more, so that what goes round comes to a halt */
  step(): boolean {
    if (this.#endlessAt !== undefined) return false;
    const now = this.clock.monotonic();
    if (now !== this.#at) this.#steps = 0;
    this.#at = now;
    if (++this.#steps > MOST_STEPS) this.#endlessAt = now;
    return this.#endlessAt === undefined;
  }
}
