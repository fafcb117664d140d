import type { Clock, Timer } from '@tessera/kit';
import { KvError, type KvLease } from '../../../ports/kv.js';

export interface LeaseKeeperOptions {
  id: string;
  ttlMs: number;
  clock: Clock;
  /** Monotonic time at which the grant was asked for: the store counts from some later moment. */
  grantedAtMs: number;
  /** Asks the store to renew; each of its members has `deadlineMs` to answer. Resolves with false when the lease has ended; rejects when nobody answered in time. */
  renew(deadlineMs: number): Promise<boolean>;
  /** Ends the lease at the store. May reject with `lease-not-found`: then it has ended, as was wanted. */
  revoke(): Promise<void>;
  /** Called once when the keeper has stopped. */
  onStop(): void;
}

/** Three renewals fall into each time to live, so that one may fail. */
const RENEWALS_PER_TTL = 3;
const RETRIES_PER_TTL = 12;
/** Part of the time to live for which a holder stops before the store lets the lease go: pauses, and clocks that differ. */
const SAFETY_MARGIN = 0.2;

/** Holds a lease for its owner: renews it, and tells in time when that fails. */
export class LeaseKeeper implements KvLease {
  readonly lost: Promise<void>;
  readonly #options: LeaseKeeperOptions;
  #settleLost: () => void = () => {};
  #renewTimer: Timer | undefined;
  #lostTimer: Timer | undefined;
  #stopped = false;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    this.lost = new Promise((resolve) => {
      this.#settleLost = resolve;
    });
    this.#trustFrom(options.grantedAtMs);
    this.#renewIn(this.ttlMs / RENEWALS_PER_TTL);
  }

  get id(): string {
    return this.#options.id;
  }

  get ttlMs(): number {
    return this.#options.ttlMs;
  }

  async revoke(): Promise<void> {
    this.stop();
    await this.#options.revoke().catch((error: unknown) => {
      if (!(error instanceof KvError && error.code === 'lease-not-found')) throw error;
    });
  }

  /** Ends the renewals. The lease is no longer to be trusted, though the store keeps it until it expires. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#renewTimer?.cancel();
    this.#lostTimer?.cancel();
    this.#settleLost();
    this.#options.onStop();
  }

  #trustFrom(renewedAtMs: number): void {
    this.#lostTimer?.cancel();
    const trustedMs = this.ttlMs * (1 - SAFETY_MARGIN);
    const elapsedMs = this.#options.clock.monotonic() - renewedAtMs;
    this.#lostTimer = this.#options.clock.timer(Math.max(0, trustedMs - elapsedMs), () => this.stop());
  }

  #renewIn(delayMs: number): void {
    this.#renewTimer = this.#options.clock.timer(delayMs, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const askedAtMs = this.#options.clock.monotonic();
    const renewed = await this.#options.renew(this.ttlMs / (2 * RENEWALS_PER_TTL)).catch(() => undefined);
    if (this.#stopped) return;
    if (renewed === false) return this.stop();
    if (renewed) this.#trustFrom(askedAtMs);
    this.#renewIn(this.ttlMs / (renewed ? RENEWALS_PER_TTL : RETRIES_PER_TTL));
  }
}
