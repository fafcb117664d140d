import { ApiError } from '@tessera/api';
import { type Clock, withDeadline } from '@tessera/kit';
import type { Kv } from '../ports/kv.js';

/** A watch that is behind for so long stands still. */
const LIMIT_MS = 5_000;

export interface CatchUpOptions {
  kv: Kv;
  clock: Clock;
  /** Written as a mark. */
  key: string;
  /** Resolves when the view holds everything up to `revision`. */
  waitFor(revision: number): Promise<void>;
}

/** Brings the view up to the store, by a mark that is written and awaited. Calls that come together share one. */
export class CatchUp {
  #underWay: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(private readonly options: CatchUpOptions) {}

  /** Resolves when the view has all that was written before the call, by any manager. @throws KvError; ApiError `unavailable` */
  now(): Promise<void> {
    // One under way may have been written before what the caller must see.
    if (this.#underWay) return (this.#next ??= this.#underWay.catch(() => {}).then(() => this.#begin()));
    return this.#begin();
  }

  #begin(): Promise<void> {
    this.#next = undefined;
    const run = this.#run().finally(() => {
      if (this.#underWay === run) this.#underWay = undefined;
    });
    this.#underWay = run;
    return run;
  }

  async #run(): Promise<void> {
    const { kv, clock, key, waitFor } = this.options;
    const { revision } = await kv.txn({ compares: [], ops: [{ type: 'put', key, value: '' }] });
    await withDeadline(
      clock,
      LIMIT_MS,
      waitFor(revision),
      () => new ApiError('unavailable', 'this manager has not caught up with its store', { cure: 'try again, or ask another manager' }),
    );
  }
}
