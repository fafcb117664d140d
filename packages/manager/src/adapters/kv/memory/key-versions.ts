import type { KvEntry, KvEvent } from '../../../ports/kv.js';
import { compareKeys, firstKey } from '../engine/key-order.js';
import { type CurrentState, keyOf } from '../engine/txn-planner.js';
import { toEntry, toVersion, type Version } from './version.js';

/** All versions of all keys. Writes cost the same however many keys there are; key order is made when somebody reads in it. */
export class KeyVersions implements CurrentState {
  readonly #newest = new Map<string, Version>();
  /** Keys that have versions (and some that had), in key order, but for those added since. */
  #sorted: string[] = [];
  #added: string[] = [];

  /** The newest version; `undefined` when there is none, or the key was deleted. */
  get(key: string): Version | undefined {
    const newest = this.#newest.get(key);
    return newest?.value === undefined ? undefined : newest;
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
      while (version && version.modRevision > revision) version = version.older;
      const entry = toEntry(version);
      if (entry) yield entry;
    }
  }

  keysOfLease(leaseId: string): string[] {
    return this.#inOrder().filter((key) => this.get(key)?.leaseId === leaseId);
  }

  apply(event: KvEvent): Version {
    const older = this.#newest.get(keyOf(event));
    const version = toVersion(event, older);
    if (!older) this.#added.push(version.key);
    this.#newest.set(version.key, version);
    return version;
  }

  /**
   * Forgets all versions that were superseded before or at `revision`.
   * @param changed what became of keys since the last time up to `revision`: others have nothing to forget
   */
  compact(revision: number, changed: Iterable<Version>): void {
    let isEmptied = false;
    for (const { key } of changed) {
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
  while (version && version.modRevision > revision) [version, newer] = [version.older, version];
  if (!version) return true;
  version.older = undefined;
  if (version.value !== undefined) return true;
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
