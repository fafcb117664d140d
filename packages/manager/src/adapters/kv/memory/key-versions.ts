import type { KvEntry, KvEvent } from '../../../ports/kv.js';
import { compareKeys, firstKey } from '../engine/key-order.js';
import { type CurrentState, keyOf } from '../engine/txn-planner.js';

/** What became of a key, the newest first. */
interface Version {
  readonly event: KvEvent;
  older: Version | undefined;
}

/** All versions of all keys. Writes cost the same however many keys there are; key order is made when somebody reads in it. */
export class KeyVersions implements CurrentState {
  readonly #newest = new Map<string, Version>();
  /** Keys that have versions (and some that had), in key order, but for those added since. */
  #sorted: string[] = [];
  #added: string[] = [];

  get(key: string): KvEntry | undefined {
    return entryOf(this.#newest.get(key));
  }

  keysWithPrefix(prefix: string): readonly string[] {
    return [...this.entriesAt(prefix, undefined, Number.POSITIVE_INFINITY)].map((entry) => entry.key);
  }

  /** The entries of `prefix` from `startKey` on, as they were at `revision`, in key order. */
  *entriesAt(prefix: string, startKey: string | undefined, revision: number): Generator<KvEntry> {
    const keys = this.#inOrder();
    for (let index = indexOf(keys, firstKey(prefix, startKey)); index < keys.length; index++) {
      const key = keys[index] as string;
      if (!key.startsWith(prefix)) return;
      let version = this.#newest.get(key);
      while (version && revisionOf(version.event) > revision) version = version.older;
      const entry = entryOf(version);
      if (entry) yield entry;
    }
  }

  keysOfLease(leaseId: string): string[] {
    return this.#inOrder().filter((key) => this.get(key)?.leaseId === leaseId);
  }

  apply(event: KvEvent): void {
    const key = keyOf(event);
    const older = this.#newest.get(key);
    if (!older) this.#added.push(key);
    this.#newest.set(key, { event, older });
  }

  /**
   * Forgets all versions that were superseded before or at `revision`.
   * @param changed every event since the last time up to `revision`: other keys have nothing to forget
   */
  compact(revision: number, changed: Iterable<KvEvent>): void {
    let isEmptied = false;
    for (const event of changed) {
      const key = keyOf(event);
      const newest = this.#newest.get(key);
      if (!newest || forgetOlder(newest, revision)) continue;
      this.#newest.delete(key);
      isEmptied = true;
    }
    if (isEmptied) this.#sorted = this.#inOrder().filter((key) => this.#newest.has(key));
  }

  #inOrder(): readonly string[] {
    if (this.#added.length > 0) {
      this.#sorted = merge(this.#sorted, this.#added.sort(compareKeys));
      this.#added = [];
    }
    return this.#sorted;
  }
}

/** @returns whether anything is left: a key that was deleted by then is forgotten */
function forgetOlder(newest: Version, revision: number): boolean {
  let [version, newer]: [Version | undefined, Version | undefined] = [newest, undefined];
  while (version && revisionOf(version.event) > revision) [version, newer] = [version.older, version];
  if (!version) return true;
  version.older = undefined;
  if (version.event.type === 'put') return true;
  if (newer) newer.older = undefined;
  return newer !== undefined;
}

/** Two lists in key order as one. */
function merge(left: readonly string[], right: readonly string[]): string[] {
  const merged: string[] = [];
  let index = 0;
  for (const key of right) {
    while (index < left.length && compareKeys(left[index] as string, key) < 0) merged.push(left[index++] as string);
    merged.push(key);
  }
  while (index < left.length) merged.push(left[index++] as string);
  return merged;
}

/** Place of the first key that is not before `key`. */
function indexOf(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(keys[middle] as string, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function entryOf(version: Version | undefined): KvEntry | undefined {
  return version?.event.type === 'put' ? version.event.entry : undefined;
}

function revisionOf(event: KvEvent): number {
  return event.type === 'put' ? event.entry.modRevision : event.modRevision;
}
