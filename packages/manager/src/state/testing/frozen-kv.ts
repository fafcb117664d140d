import type { Kv } from '../../ports/kv.js';

/** A store that keeps objects and freezes what they hold: whoever changes what the state shares with others fails where it does so. */
export function frozenKv(inner: Kv): Kv {
  return {
    keepsObjects: inner.keepsObjects,
    txn: (txn) => {
      // The objects themselves get their revision once they are committed.
      for (const op of txn.ops) if (op.type === 'put' && typeof op.value === 'object') Object.values(op.value).forEach(deepFreeze);
      return inner.txn(txn);
    },
    get: (key) => inner.get(key),
    range: (prefix, options) => inner.range(prefix, options),
    watch: (prefix, options) => inner.watch(prefix, options),
    grantLease: (ttlMs) => inner.grantLease(ttlMs),
    compact: (revision) => inner.compact(revision),
    close: () => inner.close(),
  };
}

export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}
