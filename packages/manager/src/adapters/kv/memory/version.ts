import type { KvEntry, KvEvent, KvValue } from '../../../ports/kv.js';

/** What became of a key at one revision. Small, for there are as many as changes in the history. */
export interface Version {
  readonly key: string;
  /** Nothing: it was deleted. */
  readonly value: KvValue | undefined;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  readonly leaseId: string | undefined;
  /** What it was before, as long as somebody may read that. */
  older: Version | undefined;
}

export function toVersion(event: KvEvent, older: Version | undefined): Version {
  if (event.type === 'delete') {
    const { key, modRevision } = event;
    return { key, value: undefined, createRevision: 0, modRevision, version: 0, leaseId: undefined, older };
  }
  const { key, value, createRevision, modRevision, version, leaseId } = event.entry;
  // The same text as before, in one copy.
  return { key: older?.key ?? key, value, createRevision, modRevision, version, leaseId, older };
}

/** `undefined` when it says that the key was deleted. */
export function toEntry(found: Version | undefined): KvEntry | undefined {
  if (found?.value === undefined) return undefined;
  const { key, value, createRevision, modRevision, version, leaseId } = found;
  return leaseId === undefined
    ? { key, value, createRevision, modRevision, version }
    : { key, value, createRevision, modRevision, version, leaseId };
}

export function toEvent(version: Version): KvEvent {
  const entry = toEntry(version);
  return entry ? { type: 'put', entry } : { type: 'delete', key: version.key, modRevision: version.modRevision };
}
