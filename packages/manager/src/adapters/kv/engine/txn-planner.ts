import type { KvCompare, KvEntry, KvEvent, KvOp, KvTxn } from '../../../ports/kv.js';

/** The newest state, as far as a txn needs it. */
export interface CurrentState {
  get(key: string): Pick<KvEntry, 'createRevision' | 'modRevision' | 'version'> | undefined;
  /** All keys that begin with `prefix`, in key order. */
  keysWithPrefix(prefix: string): readonly string[];
}

/**
 * Works out what a txn changes when it runs at `revision`. The txn writes a key at most once, so its operations
 * cannot see each other.
 * @returns its events in order (none when it changes nothing), or `undefined` when a compare does not hold.
 */
export function planTxn<V>(state: CurrentState, txn: KvTxn<V>, revision: number): KvEvent<V>[] | undefined {
  if (!txn.compares.every((compare) => holds(state, compare))) return undefined;
  const events: KvEvent<V>[] = [];
  for (const op of txn.ops) planOp(state, op, revision, events);
  return events;
}

function holds(state: CurrentState, compare: KvCompare): boolean {
  const entry = state.get(compare.key);
  if ('exists' in compare) return compare.exists === (entry !== undefined);
  return compare.modRevision === (entry?.modRevision ?? 0);
}

function planOp<V>(state: CurrentState, op: KvOp<V>, revision: number, events: KvEvent<V>[]): void {
  switch (op.type) {
    case 'put':
      events.push({ type: 'put', entry: nextEntry(state.get(op.key), op, revision) });
      break;
    case 'delete':
      if (state.get(op.key)) events.push(deleteEvent(op.key, revision));
      break;
    case 'delete-prefix':
      for (const key of state.keysWithPrefix(op.prefix)) events.push(deleteEvent(key, revision));
  }
}

function nextEntry<V>(previous: ReturnType<CurrentState['get']>, put: Extract<KvOp<V>, { type: 'put' }>, revision: number): KvEntry<V> {
  const { key, value, leaseId } = put;
  const createRevision = previous?.createRevision ?? revision;
  const version = (previous?.version ?? 0) + 1;
  const entry: KvEntry<V> = { key, value, createRevision, modRevision: revision, version };
  if (leaseId !== undefined) entry.leaseId = leaseId;
  return entry;
}

export function deleteEvent(key: string, revision: number): Extract<KvEvent, { type: 'delete' }> {
  return { type: 'delete', key, modRevision: revision };
}

export function keyOf(event: KvEvent): string {
  return event.type === 'put' ? event.entry.key : event.key;
}
