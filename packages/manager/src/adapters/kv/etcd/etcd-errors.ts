import { KvError, type KvErrorCode } from '../../../ports/kv.js';

/** What etcd says when it refused a request for its content: it did nothing. */
const REFUSALS: readonly [RegExp, KvErrorCode][] = [
  [/requested lease not found/, 'lease-not-found'],
  [/required revision has been compacted/, 'compacted'],
  [/required revision is a future revision/, 'invalid'],
  [/duplicate key given in txn/, 'invalid'],
  [/request is too large|too many operations in txn|message larger than max/, 'too-large'],
];

/** Failures at which the request certainly did nothing: it was not sent, or was turned away before the proposal to the cluster. */
const NOTHING_DONE = [
  /No connection established/,
  /Channel closed before call started/,
  /Name resolution failed/,
  /Waiting for LB pick/,
  /etcdserver: no leader/,
  /etcdserver: too many requests/,
  /mvcc: database space exceeded/,
  /client was already closed/,
];

/**
 * Translates what a call to etcd failed with. Only a write can have an unknown outcome: it may have reached the cluster
 * before its answer was lost, and "request timed out" or "leader changed" from the server say no more than that.
 */
export function toKvError(error: unknown, kind: 'read' | 'write'): KvError {
  if (error instanceof KvError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const refusal = REFUSALS.find(([pattern]) => pattern.test(message));
  if (refusal) return new KvError(refusal[1], `etcd refused: ${message}`, { cause: error });
  if (kind === 'read' || NOTHING_DONE.some((pattern) => pattern.test(message))) {
    return new KvError('unavailable', `etcd cannot be reached: ${message}`, { cause: error });
  }
  return new KvError('unknown', `etcd did not answer, the write may have happened or not: ${message}`, { cause: error });
}
