import type { KvEntry } from '../ports/kv.js';
import type { PreparedChange } from './prepare.js';

interface Txn {
  changes: readonly PreparedChange[];
  /** The one whose entry comes next. */
  next: number;
}

/**
 * What this process is committing. The watch tells of it too, sometimes before the answer comes: its word need not be read
 * then, for it is known what it says. Entries of a txn come in its order, so that nothing has to be looked up.
 */
export class OwnWrites {
  readonly #txns = new Set<Txn>();
  #latest: Txn | undefined;

  /** @returns what to call when the commit is over, well or not */
  expect(changes: readonly PreparedChange[]): () => void {
    const txn = { changes, next: 0 };
    this.#txns.add(txn);
    return () => {
      this.#txns.delete(txn);
      if (this.#latest === txn) this.#latest = undefined;
    };
  }

  /** The change that an entry tells of, if it is of our own and nobody was told of it yet. */
  take(entry: KvEntry): PreparedChange | undefined {
    const found = this.#latest && takeFrom(this.#latest, entry);
    if (found) return found;
    for (const txn of this.#txns) {
      const first = takeFrom(txn, entry);
      if (!first) continue;
      this.#latest = txn;
      return first;
    }
    return undefined;
  }
}

function takeFrom(txn: Txn, { key, value }: KvEntry): PreparedChange | undefined {
  let prepared = txn.changes[txn.next];
  while (prepared && !prepared.object) prepared = txn.changes[++txn.next];
  if (!prepared || prepared.isTold || prepared.key !== key) return undefined;
  const { op } = prepared;
  if (op.type !== 'put' || op.value !== value) return undefined;
  txn.next++;
  return prepared;
}
