import type { Clock } from '@tessera/kit';
import {
  type Kv,
  type KvEntry,
  KvError,
  type KvLease,
  type KvRange,
  type KvTxn,
  type KvTxnResult,
  type KvWatch,
  type RangeOptions,
  type WatchOptions,
} from '../../../ports/kv.js';
import { LeaseKeeper } from '../engine/lease-keeper.js';
import { checkKey, checkRange, checkTextTxn, checkTtl, checkTxn } from '../engine/txn-rules.js';
import type { HubWatch } from '../engine/watch-hub.js';

/** The far end of the line, as `MemoryStore` is. Everything happens at once. */
export interface Backend {
  readonly keepsObjects: boolean;
  get(key: string): KvEntry | undefined;
  range(prefix: string, options: RangeOptions): KvRange;
  txn(txn: KvTxn): KvTxnResult;
  watch(prefix: string, options: WatchOptions): HubWatch;
  /** @returns the lease's id. */
  grantLease(ttlMs: number): string;
  /** @returns false when the lease has ended. */
  renewLease(id: string): boolean;
  revokeLease(id: string): void;
  compact(revision: number): void;
}

/** One connection to a store in memory. */
export class MemoryKv implements Kv {
  readonly #store: Backend;
  readonly #clock: Clock;
  readonly #watches = new Map<HubWatch, WatchOptions>();
  readonly #keepers = new Set<LeaseKeeper>();
  #reachable = true;
  #closed = false;

  /** Use `connect` of the store. */
  constructor(store: Backend, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  get keepsObjects(): boolean {
    return this.#store.keepsObjects;
  }

  /**
   * Cuts or mends the line to the store. While it is cut, calls fail with `unavailable`, watches stand still (and
   * miss nothing) and leases are not renewed.
   */
  setReachable(reachable: boolean): void {
    this.#reachable = reachable;
    for (const watch of this.#watches.keys()) watch.setPaused(!reachable);
  }

  async get(key: string): Promise<KvEntry | undefined> {
    this.#checkUsable();
    checkKey(key);
    return this.#store.get(key);
  }

  async range(prefix: string, options: RangeOptions = {}): Promise<KvRange> {
    this.#checkUsable();
    checkRange(prefix, options);
    return this.#store.range(prefix, options);
  }

  async txn(txn: KvTxn): Promise<KvTxnResult> {
    this.#checkUsable();
    if (this.keepsObjects) checkTxn(txn);
    else checkTextTxn(txn);
    return this.#store.txn(txn);
  }

  watch(prefix: string, options: WatchOptions): KvWatch {
    if (this.#closed) {
      queueMicrotask(() => options.onEnd('closed'));
      return { cancel: () => {} };
    }
    const watch = this.#store.watch(prefix, {
      ...options,
      onEvents: (events, revision) => options.onEvents(events, revision),
      onEnd: (reason) => {
        this.#watches.delete(watch);
        options.onEnd(reason);
      },
    });
    watch.setPaused(!this.#reachable);
    this.#watches.set(watch, options);
    return {
      cancel: () => {
        watch.cancel();
        this.#watches.delete(watch);
      },
    };
  }

  async grantLease(ttlMs: number): Promise<KvLease> {
    this.#checkUsable();
    checkTtl(ttlMs);
    const id = this.#store.grantLease(ttlMs);
    const keeper = new LeaseKeeper({
      id,
      ttlMs,
      clock: this.#clock,
      grantedAtMs: this.#clock.monotonic(),
      renew: async () => {
        this.#checkUsable();
        return this.#store.renewLease(id);
      },
      revoke: async () => {
        this.#checkUsable();
        this.#store.revokeLease(id);
      },
      onStop: () => this.#keepers.delete(keeper),
    });
    this.#keepers.add(keeper);
    return keeper;
  }

  async compact(revision: number): Promise<void> {
    this.#checkUsable();
    this.#store.compact(revision);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const keeper of [...this.#keepers]) keeper.stop();
    for (const [watch, options] of [...this.#watches]) {
      watch.cancel();
      this.#watches.delete(watch);
      options.onEnd('closed');
    }
  }

  #checkUsable(): void {
    if (this.#closed) throw new KvError('closed', 'the store is closed');
    if (!this.#reachable) throw new KvError('unavailable', 'the store cannot be reached');
  }
}
