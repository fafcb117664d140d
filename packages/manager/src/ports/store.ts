import type { Kind, ObjectChange, ObjectTypes } from '@tessera/api';
import type { ClusterView } from '../model/view.js';

/** What a change needs of the object that it replaces or deletes. */
export type Expectation =
  /** It has exactly this store revision. */
  | { revision: number }
  /** It does not exist yet. */
  | 'absent'
  /** Whatever it is (a status written by its one writer). */
  | 'any';

/** Another object that a change was based on: it must have this revision still, or the change is a conflict. */
export interface Guard {
  kind: Kind;
  id: string;
  revision: number;
}

export type StoreChange =
  | {
      [K in Kind]: {
        type: 'put';
        kind: K;
        object: ObjectTypes[K];
        expect: Expectation;
        guard?: Guard;
        /** The object vanishes when this lease ends. */
        leaseId?: string;
        /** Nobody else has the object or will change it: the store takes it as it is instead of a copy. */
        isOwn?: boolean;
      };
    }[Kind]
  | { type: 'delete'; kind: Kind; id: string; expect: Expectation };

/** @param gone the object that was deleted, as it was last */
export type ChangeListener = (change: ObjectChange, gone?: ObjectTypes[Kind]) => void;

export type CommitResult =
  | { outcome: 'committed'; revision: number }
  /** Somebody else changed an object that a change was based on: read again, plan again. Nothing was written. */
  | { outcome: 'conflict' };

/**
 * Typed objects over {@link Kv}, and the view of them in memory. A commit is one atomic txn: all or nothing; names are
 * unique within a kind (stacks, services, nodes, networks, configs, secrets) by index keys in the same txn.
 * The view has this process's own commits at once, others' as the watch brings them.
 */
export interface ClusterStore {
  readonly view: ClusterView;
  /**
   * What the content of a secret is known by, in hex: the same for the same content in one cluster, and of no use to guess it by, since people
   * see it who may not see the content.
   */
  fingerprint(content: Uint8Array): string;
  /**
   * Writes all changes in one txn. `object.revision` is ignored; `updatedAt` is set by the store.
   * @throws ApiError `unavailable`, `already-exists` (a name is taken), `too-large` (more than {@link Kv} takes in one txn).
   */
  commit(changes: readonly StoreChange[]): Promise<CommitResult>;
  /**
   * Writes many changes in as few txns as fit, in order; each is atomic by itself. For controllers' and agents' bulk
   * writes. Returns which changes were left out since their expectation did not hold.
   */
  commitBatch(changes: readonly StoreChange[]): Promise<{ revision: number; conflicts: StoreChange[] }>;
  /** Calls `listener` after each change of the view, in order, own commits included. Returns the way to stop. */
  onChange(listener: ChangeListener): () => void;
  /**
   * Resolves when the view has all that was written before the call, by any manager: what is decided then is not decided on an old
   * state, even when nothing has to be written. @throws ApiError `unavailable`
   */
  catchUp(): Promise<void>;
  /** Resolves when the view holds everything up to `revision`. */
  waitFor(revision: number, signal?: AbortSignal): Promise<void>;
}
