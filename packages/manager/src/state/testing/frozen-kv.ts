import { deepFreeze } from '@tessera/kit';
import type { Kv } from '../../ports/kv.js';
import { delegate } from './delegate-kv.js';

/** A store that keeps objects and freezes what they hold: whoever changes what the state shares with others fails where it does so. */
export function frozenKv(inner: Kv): Kv {
  return {
    ...delegate(inner),
    txn: (txn) => {
      // The objects themselves get their revision once they are committed.
      for (const op of txn.ops) if (op.type === 'put' && typeof op.value === 'object') Object.values(op.value).forEach(deepFreeze);
      return inner.txn(txn);
    },
  };
}
