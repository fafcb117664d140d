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
  const known = new KnownKeys(state, txn.ops);
  if (!txn.compares.every((compare) => holds(known.inTurn(compare.key), compare))) return undefined;
  const events: KvEvent<V>[] = [];
  for (let place = 0; place < txn.ops.length; place++) planOp(state, txn.ops[place]!, known.ofOp(place), revision, events);
  return events;
}

type Known = ReturnType<CurrentState['get']>;

/** What a txn's keys are, each looked up once: most are compared and written, in the same order. */
class KnownKeys {
  readonly #known: Known[];
  #next = 0;

  constructor(
    private readonly state: CurrentState,
    private readonly ops: readonly KvOp<unknown>[],
  ) {
    this.#known = ops.map((op) => (op.type === 'delete-prefix' ? undefined : state.get(op.key)));
  }

  ofOp(place: number): Known {
    return this.#known[place];
  }

  /** At once when it is the next key of the ops. */
  inTurn(key: string): Known {
    const op = this.ops[this.#next];
    return op?.type !== 'delete-prefix' && op?.key === key ? this.#known[this.#next++] : this.state.get(key);
  }
}

function holds(known: Known, compare: KvCompare): boolean {
  if ('exists' in compare) return compare.exists === (known !== undefined);
  return compare.modRevision === (known?.modRevision ?? 0);
}

function planOp<V>(state: CurrentState, op: KvOp<V>, known: Known, revision: number, events: KvEvent<V>[]): void {
  switch (op.type) {
    case 'put':
      events.push({ type: 'put', entry: nextEntry(known, op, revision) });
      break;
    case 'delete':
      if (known) events.push(deleteEvent(op.key, revision));
      break;
    case 'delete-prefix':
      for (const key of state.keysWithPrefix(op.prefix)) events.push(deleteEvent(key, revision));
  }
}

function nextEntry<V>(previous: Known, put: Extract<KvOp<V>, { type: 'put' }>, revision: number): KvEntry<V> {
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
