import {
  KvError,
  type KvOp,
  type KvTxn,
  type KvValue,
  MAX_TXN_BYTES,
  MAX_TXN_OPS,
  MAX_VALUE_BYTES,
  type RangeOptions,
} from '../../../ports/kv.js';

/** etcd's default limit holds for the compares of a txn too. */
const MAX_TXN_COMPARES = 128;
const MAX_KEY_BYTES = 4096;
/** A UTF-16 unit takes at most so many bytes in UTF-8. */
const MOST_BYTES_PER_UNIT = 3;

/**
 * For adapters that write bytes: refuses objects, and what {@link checkTxn} refuses.
 * @throws KvError `too-large` or `invalid`.
 */
export function checkTextTxn(txn: KvTxn): asserts txn is KvTxn<string> {
  for (const op of txn.ops)
    if (op.type === 'put' && typeof op.value !== 'string')
      throw new KvError('invalid', `this store takes text, and the value of ${op.key} is none`);
  checkTxn(txn);
}

/**
 * Refuses what etcd would refuse, in the same way for every adapter and before anything is sent. Objects have no size.
 * @throws KvError `too-large` or `invalid`.
 */
export function checkTxn(txn: KvTxn): void {
  if (txn.ops.length > MAX_TXN_OPS) {
    throw new KvError('too-large', `a txn carries at most ${MAX_TXN_OPS} operations, this one has ${txn.ops.length}`);
  }
  if (txn.compares.length > MAX_TXN_COMPARES) {
    throw new KvError('too-large', `a txn checks at most ${MAX_TXN_COMPARES} keys, this one has ${txn.compares.length}`);
  }
  let units = 0;
  for (const compare of txn.compares) units += checkKey(compare.key);
  for (const op of txn.ops) units += checkOp(op);
  // Bytes are counted only where they may be too many.
  if (units * MOST_BYTES_PER_UNIT > MAX_TXN_BYTES) checkBytes(txn);
  checkWrittenOnce(txn.ops);
}

function checkBytes({ compares, ops }: KvTxn): void {
  let bytes = 0;
  for (const { key } of compares) bytes += Buffer.byteLength(key);
  for (const op of ops)
    bytes += Buffer.byteLength(op.type === 'delete-prefix' ? op.prefix : op.key) + (op.type === 'put' ? bytesOf(op.value) : 0);
  if (bytes > MAX_TXN_BYTES) {
    throw new KvError('too-large', `a txn carries at most ${MAX_TXN_BYTES} bytes of keys and values, this one has ${bytes}`);
  }
}

function bytesOf(value: KvValue): number {
  return typeof value === 'string' ? Buffer.byteLength(value) : 0;
}

/** @returns the key's length in UTF-16 units. @throws KvError `invalid` or `too-large`. */
export function checkKey(key: string): number {
  if (key === '') throw new KvError('invalid', 'a key must not be empty');
  return checkPrefix(key);
}

/** As {@link checkKey}, and may be empty. */
function checkPrefix(prefix: string): number {
  if (!prefix.isWellFormed()) throw new KvError('invalid', `key ${JSON.stringify(prefix)} is not valid Unicode`);
  if (prefix.length * MOST_BYTES_PER_UNIT > MAX_KEY_BYTES) checkKeyBytes(prefix);
  return prefix.length;
}

function checkKeyBytes(key: string): void {
  const bytes = Buffer.byteLength(key);
  if (bytes > MAX_KEY_BYTES) throw new KvError('too-large', `a key takes at most ${MAX_KEY_BYTES} bytes, this one has ${bytes}`);
}

/** @throws KvError `invalid` or `too-large`. */
export function checkRange(prefix: string, { limit, startKey }: RangeOptions): void {
  checkPrefix(prefix);
  if (startKey !== undefined) checkPrefix(startKey);
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit > 0)) {
    throw new KvError('invalid', `a list has a positive number of entries as its limit, not ${limit}`);
  }
}

/** @throws KvError `invalid` for a time to live that is not positive. */
export function checkTtl(ttlMs: number): void {
  if (!(ttlMs > 0 && Number.isFinite(ttlMs))) {
    throw new KvError('invalid', `a lease lives for a positive number of milliseconds, not ${ttlMs}`);
  }
}

function checkOp(op: KvOp): number {
  if (op.type === 'delete-prefix') return checkPrefix(op.prefix);
  const keyUnits = checkKey(op.key);
  return op.type === 'put' && typeof op.value === 'string' ? keyUnits + checkText(op.key, op.value) : keyUnits;
}

function checkText(key: string, value: string): number {
  const bytes = value.length * MOST_BYTES_PER_UNIT > MAX_VALUE_BYTES ? Buffer.byteLength(value) : 0;
  if (bytes > MAX_VALUE_BYTES) {
    throw new KvError('too-large', `the value of key ${key} has ${bytes} bytes, at most ${MAX_VALUE_BYTES} are allowed`);
  }
  if (!value.isWellFormed()) throw new KvError('invalid', `the value of key ${key} is not valid Unicode`);
  return value.length;
}

function checkWrittenOnce(ops: readonly KvOp[]): void {
  const written = new Set<string>();
  const prefixes: string[] = [];
  for (const op of ops) {
    if (op.type === 'delete-prefix') {
      if (prefixes.some((prefix) => prefix.startsWith(op.prefix) || op.prefix.startsWith(prefix))) throw writtenTwice(op.prefix);
      prefixes.push(op.prefix);
    } else {
      const before = written.size;
      written.add(op.key);
      if (written.size === before) throw writtenTwice(op.key);
    }
  }
  for (const prefix of prefixes) {
    for (const key of written) if (key.startsWith(prefix)) throw writtenTwice(key);
  }
}

function writtenTwice(key: string): KvError {
  return new KvError('invalid', `a txn may write a key once, this one writes ${key} twice`);
}
