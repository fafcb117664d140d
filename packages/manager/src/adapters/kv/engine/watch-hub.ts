import type { KvEvent, KvValue, KvWatch, WatchOptions } from '../../../ports/kv.js';
import { keyOf } from './txn-planner.js';

/** All events of one revision. */
export interface Commit<V = KvValue> {
  revision: number;
  events: readonly KvEvent<V>[];
}

/** Where the hub reads what a watch has yet to see. */
export interface History<V = KvValue> {
  /** The newest revision. */
  readonly revision: number;
  /** History before this revision is forgotten. */
  readonly compactedRevision: number;
  /** Up to `limit` commits from `fromRevision` on, in order. */
  commitsFrom(fromRevision: number, limit: number): readonly Commit<V>[];
}

/** A watch that can be held up, as by a connection that is down. It misses nothing meanwhile. */
export interface HubWatch extends KvWatch {
  setPaused(paused: boolean): void;
}

interface Watcher {
  readonly prefix: string;
  readonly options: WatchOptions;
  nextRevision: number;
  paused: boolean;
}

/** Commits handed to one watch before the others get their turn. */
const BATCH_COMMITS = 100;

/** Brings every commit to every watch, once and in order, in turns given by `schedule`. */
export class WatchHub {
  readonly #history: History;
  readonly #schedule: (run: () => void) => void;
  readonly #watchers = new Set<Watcher>();
  #scheduled = false;
  #closed = false;

  constructor(history: History, schedule: (run: () => void) => void) {
    this.#history = history;
    this.#schedule = schedule;
  }

  watch(prefix: string, options: WatchOptions): HubWatch {
    const watcher: Watcher = { prefix, options, nextRevision: options.fromRevision, paused: false };
    this.#watchers.add(watcher);
    this.#wake();
    return {
      cancel: () => void this.#watchers.delete(watcher),
      setPaused: (paused) => {
        watcher.paused = paused;
        if (!paused) this.#wake();
      },
    };
  }

  /** Tells that there are new commits, or that history was forgotten. */
  changed(): void {
    this.#wake();
  }

  /** Ends all watches, those begun later too. */
  close(): void {
    this.#closed = true;
    for (const watcher of [...this.#watchers]) this.#end(watcher, 'closed');
  }

  #wake(): void {
    if (this.#scheduled || this.#watchers.size === 0) return;
    this.#scheduled = true;
    this.#schedule(() => {
      this.#scheduled = false;
      if (this.#deliverToAll()) this.#wake();
    });
  }

  /** @returns whether a watch still has something to get. */
  #deliverToAll(): boolean {
    let behind = false;
    for (const watcher of [...this.#watchers]) {
      if (this.#closed) this.#end(watcher, 'closed');
      else if (this.#watchers.has(watcher) && !watcher.paused) behind = this.#deliver(watcher) || behind;
    }
    return behind;
  }

  #deliver(watcher: Watcher): boolean {
    if (watcher.nextRevision > this.#history.revision) return false;
    if (watcher.nextRevision < this.#history.compactedRevision) {
      this.#end(watcher, 'compacted');
      return false;
    }
    const commits = this.#history.commitsFrom(watcher.nextRevision, BATCH_COMMITS);
    const last = commits.at(-1);
    // Before the first commit revisions pass without events.
    watcher.nextRevision = (last?.revision ?? this.#history.revision) + 1;
    const events: KvEvent[] = [];
    for (const commit of commits) for (const event of commit.events) if (keyOf(event).startsWith(watcher.prefix)) events.push(event);
    if (last && events.length > 0) watcher.options.onEvents(events, last.revision);
    return watcher.nextRevision <= this.#history.revision;
  }

  #end(watcher: Watcher, reason: 'compacted' | 'closed'): void {
    if (this.#watchers.delete(watcher)) watcher.options.onEnd(reason);
  }
}
