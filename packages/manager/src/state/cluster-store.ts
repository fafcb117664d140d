import type { Clock, Log, Random } from '@tessera/kit';
import type { ClusterView } from '../model/view.js';
import type { Kv, KvCompare } from '../ports/kv.js';
import type { ChangeListener, ClusterStore, CommitResult, StoreChange } from '../ports/store.js';
import { commitGroups, groupChanges } from './batch.js';
import { CatchUp } from './catch-up.js';
import { type Codec, ObjectCodec, TextCodec } from './codec.js';
import { Committer, toApiError } from './committer.js';
import { Informer } from './informer.js';
import { clusterKeys, type Keys } from './keys.js';
import { type PreparedChange, prepare } from './prepare.js';
import type { Sealer } from './seal.js';

export interface ClusterStoreOptions {
  kv: Kv;
  clock: Clock;
  random: Random;
  log: Log;
  /** Encrypts secrets at rest. */
  sealer: Sealer;
  /** First part of all keys. */
  prefix?: string;
  /** Nobody else writes to the store, so that the view is never behind it. */
  isSole?: boolean;
}

/** What a store shares with its fenced forms. */
interface Parts {
  keys: Keys;
  codec: Codec;
  clock: Clock;
  sealer: Sealer;
  informer: Informer;
  committer: Committer;
  /** Absent: the view is never behind. */
  catchUp?: CatchUp;
}

const NO_FENCE = (): KvCompare[] => [];

/** {@link ClusterStore} over a {@link Kv}. */
export class KvClusterStore implements ClusterStore {
  private constructor(
    private readonly parts: Parts,
    private readonly fence: () => readonly KvCompare[],
  ) {}

  /** Reads the state and follows it. Resolves when the view is complete; waits for a store that cannot be reached. */
  static async open(options: ClusterStoreOptions): Promise<KvClusterStore> {
    const { kv, clock } = options;
    const keys = clusterKeys(options.prefix);
    const codec = kv.keepsObjects ? new ObjectCodec(options.sealer) : new TextCodec(options.sealer);
    const informer = new Informer({ ...options, keys, codec });
    await informer.start();
    const catchUp = new CatchUp({ kv, clock, key: keys.mark, waitFor: (revision) => informer.waitFor(revision) });
    const parts = {
      keys,
      codec,
      clock,
      sealer: options.sealer,
      informer,
      committer: new Committer(kv, keys),
      ...(!options.isSole && { catchUp }),
    };
    return new KvClusterStore(parts, NO_FENCE);
  }

  get keys(): Keys {
    return this.parts.keys;
  }

  get view(): ClusterView {
    return this.parts.informer.view;
  }

  fingerprint(content: Uint8Array): string {
    return this.parts.sealer.fingerprint(content);
  }

  /** The same view; each txn also compares what `fence` says, so that a deposed leader writes nothing. */
  fenced(fence: () => readonly KvCompare[]): ClusterStore {
    return new KvClusterStore(this.parts, fence);
  }

  async commit(changes: readonly StoreChange[]): Promise<CommitResult> {
    if (changes.length === 0) return { outcome: 'committed', revision: this.view.revision };
    return this.#commit([...this.#prepare(changes)]);
  }

  async commitBatch(changes: readonly StoreChange[]): Promise<{ revision: number; conflicts: StoreChange[] }> {
    return commitGroups(groupChanges(this.#prepare(changes)), {
      view: this.view,
      commit: (group) => this.#commit(group),
      mayWrite: () => this.parts.committer.holds(this.fence()),
    });
  }

  onChange(listener: ChangeListener): () => void {
    return this.parts.informer.onChange(listener);
  }

  async catchUp(): Promise<void> {
    await this.parts.catchUp?.now().catch((error: unknown) => {
      throw toApiError(error);
    });
  }

  waitFor(revision: number, signal?: AbortSignal): Promise<void> {
    return this.parts.informer.waitFor(revision, signal);
  }

  /** Follows the store no more. The view stays as it is. */
  close(): void {
    this.parts.informer.stop();
  }

  /** One after the other: a long batch is not held in memory as a whole. */
  *#prepare(changes: readonly StoreChange[]): Generator<PreparedChange, undefined> {
    const { keys, codec, clock } = this.parts;
    const context = { keys, codec, view: this.view, now: clock.now() };
    for (const change of changes) yield prepare(change, context);
  }

  async #commit(prepared: readonly PreparedChange[]): Promise<CommitResult> {
    const { informer, committer } = this.parts;
    const isOver = informer.expectOwn(prepared);
    try {
      const result = await committer.commit(prepared, this.fence());
      if (result.outcome === 'committed') informer.applyOwn(prepared, result.revision);
      return result;
    } finally {
      isOver();
    }
  }
}
