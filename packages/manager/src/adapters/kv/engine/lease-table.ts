import type { Clock, Timer } from '@tessera/kit';

interface Lease {
  readonly ttlMs: number;
  timer: Timer;
}

/** The leases of a store, each with the time at which it ends unless it is renewed. */
export class LeaseTable {
  readonly #clock: Clock;
  readonly #onExpire: (id: string, ttlMs: number) => void;
  readonly #leases = new Map<string, Lease>();

  /** @param onExpire called once for each lease that ran out; the table has forgotten it by then. */
  constructor(clock: Clock, onExpire: (id: string, ttlMs: number) => void) {
    this.#clock = clock;
    this.#onExpire = onExpire;
  }

  add(id: string, ttlMs: number): void {
    this.#leases.set(id, { ttlMs, timer: this.#expiry(id, ttlMs) });
  }

  has(id: string): boolean {
    return this.#leases.has(id);
  }

  /** Gives a lease its whole time again. @returns false when it has ended. */
  renew(id: string): boolean {
    const lease = this.#leases.get(id);
    if (!lease) return false;
    lease.timer.cancel();
    lease.timer = this.#expiry(id, lease.ttlMs);
    return true;
  }

  /** @returns false when it had ended before. */
  remove(id: string): boolean {
    this.#leases.get(id)?.timer.cancel();
    return this.#leases.delete(id);
  }

  /** Stops the time of all leases. */
  close(): void {
    for (const id of [...this.#leases.keys()]) this.remove(id);
  }

  #expiry(id: string, ttlMs: number): Timer {
    return this.#clock.timer(ttlMs, () => {
      this.#leases.delete(id);
      this.#onExpire(id, ttlMs);
    });
  }
}
