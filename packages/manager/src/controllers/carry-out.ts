import { MAX_TXN_OPS } from '../ports/kv.js';
import type { ClusterStore, StoreChange } from '../ports/store.js';

/** Plans up to this size are written all or nothing; longer ones in parts, each change of which is safe by itself. */
const MOST_ATOMIC = MAX_TXN_OPS / 2;

/** Writes the changes of a plan. `conflict`: something that it was based on has changed; read and plan again. */
export async function carryOut(store: ClusterStore, changes: readonly StoreChange[]): Promise<'done' | 'conflict'> {
  if (changes.length === 0) return 'done';
  if (changes.length <= MOST_ATOMIC) return (await store.commit(changes)).outcome === 'committed' ? 'done' : 'conflict';
  return (await store.commitBatch(changes)).conflicts.length === 0 ? 'done' : 'conflict';
}
