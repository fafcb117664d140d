import type { KvEntry, KvEvent } from '../../../ports/kv.js';
import { compareKeys, firstKey } from '../engine/key-order.js';
import { type CurrentState, keyOf } from '../engine/txn-planner.js';

/** All versions of all keys, in key order. */
export class KeyVersions implements CurrentState {
  /** Every key that has versions, in key order. */
  #keys: string[] = [];
  /** The events of a key, oldest first. */
  readonly #versions = new Map<string, KvEvent[]>();

  get(key: string): KvEntry | undefined {
    return entryOf(this.#versions.get(key)?.at(-1));
  }

  keysWithPrefix(prefix: string): readonly string[] {
    return [...this.entriesAt(prefix, undefined, Number.POSITIVE_INFINITY)].map((entry) => entry.key);
  }

  /** The entries of `prefix` from `startKey` on, as they were at `revision`, in key order. */
  *entriesAt(prefix: string, startKey: string | undefined, revision: number): Generator<KvEntry> {
    for (let index = this.#indexOf(firstKey(prefix, startKey)); index < this.#keys.length; index++) {
      const key = this.#keys[index] as string;
      if (!key.startsWith(prefix)) return;
      const entry = entryOf(this.#versions.get(key)?.findLast((event) => revisionOf(event) <= revision));
      if (entry) yield entry;
    }
  }

  keysOfLease(leaseId: string): string[] {
    return this.#keys.filter((key) => this.get(key)?.leaseId === leaseId);
  }

  apply(event: KvEvent): void {
    const key = keyOf(event);
    const versions = this.#versions.get(key);
    if (versions) {
      versions.push(event);
      return;
    }
    this.#versions.set(key, [event]);
    this.#keys.splice(this.#indexOf(key), 0, key);
  }

  /** Forgets all versions that were superseded before or at `revision`. */
  compact(revision: number): void {
    for (const [key, versions] of this.#versions) {
      const newestBefore = versions.findLastIndex((event) => revisionOf(event) <= revision);
      const kept = versions.slice(Math.max(0, newestBefore));
      if (kept[0]?.type === 'delete' && kept[0].modRevision <= revision) kept.shift();
      if (kept.length > 0) this.#versions.set(key, kept);
      else this.#versions.delete(key);
    }
    this.#keys = this.#keys.filter((key) => this.#versions.has(key));
  }

  /** Place of the first key that is not before `key`. */
  #indexOf(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareKeys(this.#keys[middle] as string, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function entryOf(event: KvEvent | undefined): KvEntry | undefined {
  return event?.type === 'put' ? event.entry : undefined;
}

function revisionOf(event: KvEvent): number {
  return event.type === 'put' ? event.entry.modRevision : event.modRevision;
}
