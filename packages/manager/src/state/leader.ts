import { type Clock, jittered, type Log, type Random, sleep, unlessAborted } from '@tessera/kit';
import { type Kv, type KvCompare, KvError, type KvLease } from '../ports/kv.js';
import { LEASE_TTL_MS } from './lease-ttl.js';

const RETRY_MS = 1_000;

export interface LeaderElectionOptions {
  kv: Kv;
  /** Key that the leader holds. */
  key: string;
  /** Who stands for election, for people who look at the key. */
  candidate: string;
  clock: Clock;
  random: Random;
  log: Log;
  /** A leader that dies is replaced within so many milliseconds; {@link LEASE_TTL_MS} when absent. */
  ttlMs?: number;
  /**
   * Called when this manager has become the leader. `fence` holds as long as it is: compare it in every txn.
   * What it returns is called at once when the leadership is lost or given up.
   */
  lead(fence: KvCompare): { stop(): void | Promise<void> };
}

/** Stands for election until it is stopped, by a key that is attached to a lease. */
export class LeaderElection {
  readonly #options: LeaderElectionOptions;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #isLeader = false;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
  }

  get isLeader(): boolean {
    return this.#isLeader;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Gives the leadership up, so that another manager takes over at once. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, random, log } = this.#options;
    while (!this.#stop.signal.aborted) {
      try {
        await this.#campaign();
      } catch (error) {
        if (this.#stop.signal.aborted || (error instanceof KvError && error.code === 'closed')) return;
        log.warn({ error }, 'the election cannot be held, trying again');
        await sleep(clock, jittered(random, RETRY_MS), this.#stop.signal).catch(() => {});
      }
    }
  }

  async #campaign(): Promise<void> {
    const { kv, key, ttlMs = LEASE_TTL_MS } = this.#options;
    const { entries, revision } = await kv.range(key, { limit: 1 });
    // From what was read on, not from when the key was written: history before may be compacted while a leader leads for long.
    if (entries.some((entry) => entry.key === key)) return this.#waitUntilFree(revision);
    const lease = await kv.grantLease(ttlMs);
    try {
      const wonAt = await this.#claim(lease);
      if (wonAt !== undefined) await this.#lead(lease, wonAt);
    } finally {
      await lease.revoke().catch(() => {});
    }
  }

  /** Revision at which the key became ours; undefined when another was faster. */
  async #claim(lease: KvLease): Promise<number | undefined> {
    const { kv, key, candidate } = this.#options;
    const value = `${candidate} ${lease.id}`;
    try {
      const result = await kv.txn({ compares: [{ key, exists: false }], ops: [{ type: 'put', key, value, leaseId: lease.id }] });
      return result.succeeded ? result.revision : undefined;
    } catch (error) {
      if (!(error instanceof KvError) || error.code !== 'unknown') throw error;
      const entry = await kv.get(key);
      return entry?.value === value ? entry.modRevision : undefined;
    }
  }

  async #lead(lease: KvLease, wonAt: number): Promise<void> {
    const { key, lead, log } = this.#options;
    const work = lead({ key, modRevision: wonAt });
    this.#isLeader = true;
    log.info({ revision: wonAt }, 'this manager leads');
    const reason = await unlessAborted(this.#stop.signal, lease.lost).then(
      () => 'the lease was lost',
      () => 'it stops',
    );
    this.#isLeader = false;
    log.info({ reason }, 'this manager leads no more');
    await work.stop();
  }

  /** Resolves when the key is deleted, or the election is stopped. */
  #waitUntilFree(heldAt: number): Promise<void> {
    const { kv, key } = this.#options;
    return new Promise((resolve) => {
      const finish = (): void => {
        watch.cancel();
        this.#stop.signal.removeEventListener('abort', finish);
        resolve();
      };
      const watch = kv.watch(key, {
        fromRevision: heldAt + 1,
        onEvents: (events) => {
          if (events.some((event) => event.type === 'delete')) finish();
        },
        onEnd: () => {
          this.#stop.signal.removeEventListener('abort', finish);
          resolve();
        },
      });
      this.#stop.signal.addEventListener('abort', finish, { once: true });
    });
  }
}
