import { ApiError } from '@tessera/api';
import { type Kv, type KvCompare, KvError, type KvTxnResult } from '../ports/kv.js';
import type { CommitResult } from '../ports/store.js';
import type { Keys } from './keys.js';
import { opsOf, type PreparedChange, toTxn } from './prepare.js';

/** Attempts after answers that got lost. */
const MAX_ATTEMPTS = 4;

const NOUNS = { stacks: 'stack', services: 'service', nodes: 'node', networks: 'network', configs: 'config', secrets: 'secret' } as const;

/** Carries txns to the store and finds out what became of those whose answer was lost. */
export class Committer {
  constructor(
    private readonly kv: Kv,
    private readonly keys: Keys,
  ) {}

  /** @throws ApiError `unavailable`, `already-exists` or `too-large`. */
  async commit(changes: readonly PreparedChange[], fence: readonly KvCompare[]): Promise<CommitResult> {
    const txn = toTxn(changes, fence);
    let isLost = false;
    for (let attempt = 1; ; attempt++) {
      try {
        const result = await this.kv.txn(txn);
        return await this.#resultOf(result, changes, isLost);
      } catch (error) {
        if (!(error instanceof KvError) || error.code !== 'unknown' || attempt === MAX_ATTEMPTS) throw toApiError(error);
        isLost = true;
      }
      // Every change is guarded by what it expects, or is the same when done twice: so it may be sent again.
      const landedAt = await this.#landed(changes);
      if (landedAt !== undefined) return { outcome: 'committed', revision: landedAt };
    }
  }

  /** Whether all compares of the fence hold now. */
  async holds(fence: readonly KvCompare[]): Promise<boolean> {
    for (const compare of fence) {
      const entry = await this.kv.get(compare.key).catch(rethrow);
      const holds = 'exists' in compare ? (entry !== undefined) === compare.exists : (entry?.modRevision ?? 0) === compare.modRevision;
      if (!holds) return false;
    }
    return true;
  }

  async #resultOf(result: KvTxnResult, changes: readonly PreparedChange[], isLost: boolean): Promise<CommitResult> {
    if (result.succeeded) return { outcome: 'committed', revision: result.revision };
    const landedAt = isLost ? await this.#landed(changes) : undefined;
    if (landedAt !== undefined) return { outcome: 'committed', revision: landedAt };
    await this.#refuseTakenNames(changes);
    return { outcome: 'conflict' };
  }

  /** The revision at which a txn was carried out whose answer was lost; undefined when it was not. */
  async #landed(changes: readonly PreparedChange[]): Promise<number | undefined> {
    let revision = 0;
    for (const op of opsOf(changes)) {
      const { entries, revision: readAt } = await this.kv.range(op.key, { limit: 1 }).catch(rethrow);
      const entry = entries[0]?.key === op.key ? entries[0] : undefined;
      if (op.type === 'delete' ? entry : entry?.value !== op.value) return undefined;
      revision = Math.max(revision, entry?.modRevision ?? (revision === 0 ? readAt : 0));
    }
    return revision;
  }

  async #refuseTakenNames(changes: readonly PreparedChange[]): Promise<void> {
    for (const { names, object } of changes) {
      const claims = names?.claims;
      if (!claims) continue;
      const nameKey = this.keys.name(claims.kind, claims.name);
      const holder = await this.kv.get(nameKey).catch(rethrow);
      if (!holder || holder.value === object?.id) continue;
      const owner = await this.kv.get(this.keys.object(claims.kind, String(holder.value))).catch(rethrow);
      if (owner)
        throw new ApiError('already-exists', `a ${NOUNS[claims.kind]} named '${claims.name}' exists already`, {
          cure: 'choose another name, or remove it first',
        });
      // The name outlived its object: free it, and let the caller try again.
      await this.kv
        .txn({ compares: [{ key: nameKey, modRevision: holder.modRevision }], ops: [{ type: 'delete', key: nameKey }] })
        .catch(rethrow);
    }
  }
}

function rethrow(error: unknown): never {
  throw toApiError(error);
}

/** The store's errors in the words of the contract. */
export function toApiError(error: unknown): unknown {
  if (!(error instanceof KvError)) return error;
  switch (error.code) {
    case 'too-large':
      return new ApiError('too-large', error.message, { cause: error });
    case 'unknown':
      return new ApiError('unavailable', 'the store did not say whether it wrote the change', {
        cure: 'look whether the change was made before you try again',
        cause: error,
      });
    case 'unavailable':
    case 'closed':
      return new ApiError('unavailable', `the store cannot be reached: ${error.message}`, {
        cure: "check the store's endpoints and try again",
        cause: error,
      });
    default:
      return new ApiError('internal', `the store refused: ${error.message}`, { cause: error });
  }
}
