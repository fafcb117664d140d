import { type Clock, type Log, repeat, type Timer } from '@tessera/kit';
import { type Kv, KvError } from '../ports/kv.js';

/** How often history is compacted, and so how long a watch that lost its line may take to come back without listing again. */
const COMPACT_INTERVAL_MS = 300_000;
/** So many of the newest revisions stay, however fast they came. */
const KEPT_REVISIONS = 10_000;

/**
 * The revision up to which history goes: what is older than one interval and not among the newest revisions.
 * @param past the store's revision one interval ago. @returns `undefined` when nothing is due.
 */
export function planCompaction(past: number, current: number, compacted: number): number | undefined {
  const revision = Math.min(past, current - KEPT_REVISIONS);
  return revision > compacted ? revision : undefined;
}

export interface CompactorOptions {
  kv: Pick<Kv, 'compact'>;
  /** The newest revision that this manager knows of; older than the store's, if anything. */
  revision(): number;
  clock: Clock;
  log: Log;
}

/** Compacts a store that keeps all history otherwise, as etcd does. Runs on the leader only; a second one does no harm. */
export class Compactor {
  readonly #options: CompactorOptions;
  #past: number;
  #compacted = 0;
  readonly #timer: Timer;
  #work: Promise<void> = Promise.resolve();

  /** Begins at once: the first time comes after one interval. */
  constructor(options: CompactorOptions) {
    this.#options = options;
    this.#past = options.revision();
    this.#timer = repeat(options.clock, COMPACT_INTERVAL_MS, () => {
      this.#work = this.#work.then(() => this.#compact());
    });
  }

  /** Resolves when nothing is under way any more. */
  stop(): Promise<void> {
    this.#timer.cancel();
    return this.#work;
  }

  async #compact(): Promise<void> {
    const { kv, log, revision } = this.#options;
    const current = revision();
    const due = planCompaction(this.#past, current, this.#compacted);
    this.#past = current;
    if (due === undefined) return;
    try {
      await kv.compact(due);
      this.#compacted = due;
      log.debug({ revision: due }, 'the history of the store is compacted');
    } catch (error) {
      // A former leader, or the operator's own compaction, was faster.
      if (error instanceof KvError && error.code === 'compacted') this.#compacted = due;
      else log.warn({ error, revision: due }, 'the history of the store cannot be compacted, trying again in five minutes');
    }
  }
}
