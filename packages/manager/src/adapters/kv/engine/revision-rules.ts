import { KvError } from '../../../ports/kv.js';

interface Revisions {
  readonly revision: number;
  readonly compactedRevision: number;
}

/** @throws KvError `compacted` for a revision that is forgotten, `invalid` for one that is yet to come. */
export function checkReadRevision(revision: number, store: Revisions): void {
  if (revision < store.compactedRevision) {
    throw new KvError('compacted', `revision ${revision} is forgotten, history begins at ${store.compactedRevision}`);
  }
  checkNotFuture(revision, store);
}

/** @throws KvError `compacted` when it was compacted there or later before, `invalid` for a revision that is yet to come. */
export function checkCompaction(revision: number, store: Revisions): void {
  if (revision <= store.compactedRevision) {
    throw new KvError('compacted', `history before revision ${store.compactedRevision} is forgotten already`);
  }
  checkNotFuture(revision, store);
}

function checkNotFuture(revision: number, store: Revisions): void {
  if (revision > store.revision) {
    throw new KvError('invalid', `revision ${revision} is yet to come, the newest is ${store.revision}`);
  }
}
