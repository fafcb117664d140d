import type { Kv } from '../../ports/kv.js';

/** All methods of a store as properties of their own, to be spread into a store that does some of them otherwise. */
export function delegate(kv: Kv): Kv {
  return {
    keepsObjects: kv.keepsObjects,
    get: (key) => kv.get(key),
    range: (prefix, options) => kv.range(prefix, options),
    txn: (txn) => kv.txn(txn),
    watch: (prefix, options) => kv.watch(prefix, options),
    grantLease: (ttlMs) => kv.grantLease(ttlMs),
    compact: (revision) => kv.compact(revision),
    close: () => kv.close(),
  };
}
