import type { Manager } from '@tessera/api';
import { type Clock, jittered, type Log, newId, type Random, sleep, unlessAborted } from '@tessera/kit';
import { type Kv, KvError, type KvLease } from '../ports/kv.js';
import type { Presence } from '../ports/presence.js';
import type { ClusterStore } from '../ports/store.js';
import { LEASE_TTL_MS } from './lease-ttl.js';

const RETRY_MS = 500;

export interface LeasedPresenceOptions {
  kv: Kv;
  store: ClusterStore;
  clock: Clock;
  random: Random;
  log: Log;
  /** A manager that dies is known to be gone within so many milliseconds; {@link LEASE_TTL_MS} when absent. */
  ttlMs?: number;
}

/** What a manager says of itself. */
export type ManagerDescription = Pick<Manager, 'hostname' | 'addresses' | 'version'>;

/** Keeps this manager among the managers by an object that is tied to a lease; with a new id after each lease that was lost. */
export class LeasedPresence implements Presence {
  readonly #options: LeasedPresenceOptions;
  readonly #stop = new AbortController();
  readonly #listeners = new Set<() => void>();
  #running: Promise<void> | undefined;
  #id: string | undefined;

  constructor(options: LeasedPresenceOptions) {
    this.#options = options;
  }

  get id(): string | undefined {
    return this.#id;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Takes the place, and takes a new one whenever it was lost. */
  start(description: ManagerDescription): void {
    this.#running ??= this.#run(description);
  }

  /** Gives the place up at once. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(description: ManagerDescription): Promise<void> {
    const { clock, random, log } = this.#options;
    while (!this.#stop.signal.aborted) {
      try {
        await this.#hold(description);
      } catch (error) {
        if (this.#stop.signal.aborted || (error instanceof KvError && error.code === 'closed')) return;
        log.warn({ error }, 'this manager cannot take its place among the managers, trying again');
        await sleep(clock, jittered(random, RETRY_MS), this.#stop.signal).catch(() => {});
      }
    }
  }

  async #hold(description: ManagerDescription): Promise<void> {
    const { kv, ttlMs = LEASE_TTL_MS } = this.#options;
    const lease = await kv.grantLease(ttlMs);
    try {
      await this.#untilLost(await this.#write(description, lease), lease);
    } finally {
      await lease.revoke().catch(() => {});
    }
  }

  /** The new id. */
  async #write(description: ManagerDescription, lease: KvLease): Promise<string> {
    const { store, clock, random } = this.#options;
    const id = newId(random);
    const now = clock.now();
    const object = { ...description, id, revision: 0, createdAt: now, updatedAt: now };
    const { outcome } = await store.commit([{ type: 'put', kind: 'managers', object, expect: 'absent', leaseId: lease.id }]);
    if (outcome === 'conflict') throw new Error(`the store has a manager ${id} already`);
    return id;
  }

  async #untilLost(id: string, lease: KvLease): Promise<void> {
    const { signal } = this.#stop;
    this.#become(id);
    await unlessAborted(signal, lease.lost).catch(() => {});
    this.#become(undefined);
    if (!signal.aborted) this.#options.log.warn({ id }, 'the lease of this manager was lost: its nodes look for another manager');
  }

  #become(id: string | undefined): void {
    this.#id = id;
    for (const listener of [...this.#listeners]) listener();
  }
}
