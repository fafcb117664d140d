import { ApiError } from '@tessera/api';
import { jittered, sleep } from '@tessera/kit';
import { type ClusterView, isNamedKind } from '../model/view.js';
import type { StoreChange } from '../ports/store.js';
import type { UseCaseContext } from './context.js';

/** How often a use case reads again and plans again when others write at the same time. */
const MAX_ATTEMPTS = 8;
const RETRY_MS = 25;
/** Under the store's bounds of 120 ops and 1.4 MB a txn. */
const MAX_OPS = 100;
const MAX_BYTES = 1_200_000;

/** What writing takes. */
export type CommitContext = Pick<UseCaseContext, 'store' | 'clock' | 'random'>;

/** Changes that belong into one txn whatever happens, such as a service and its revision. */
export type Unit = readonly StoreChange[];

/**
 * Plans on the view and commits, again and again while others change the same objects in between.
 * A plan that fits into one txn is written all or nothing. A larger one is written in the order of its units, each txn
 * atomic by itself: to do it again completes what was cut off.
 * @throws ApiError `conflict` when others kept changing the same objects.
 */
export async function commitPlan<T>(
  context: CommitContext,
  plan: (view: ClusterView) => { units: readonly Unit[]; result: T },
): Promise<{ result: T; revision: number }> {
  const { store, clock, random } = context;
  // What another manager has acknowledged is seen, or a plan that finds nothing to do would say so wrongly.
  await store.catchUp();
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const { units, result } = plan(store.view);
    const revision = await commitUnits(context, units);
    if (revision !== undefined) return { result, revision };
    // The view learns of the others' change by the watch.
    await sleep(clock, jittered(random, RETRY_MS * attempt));
  }
  throw new ApiError('conflict', 'others kept changing the same objects', { cure: 'try again' });
}

/** Revision of the last txn; undefined when one of them found something changed. */
async function commitUnits({ store }: CommitContext, units: readonly Unit[]): Promise<number | undefined> {
  let revision = store.view.revision;
  for (const changes of chunk(units)) {
    const result = await store.commit(changes);
    if (result.outcome === 'conflict') return undefined;
    revision = result.revision;
  }
  return revision;
}

function chunk(units: readonly Unit[]): StoreChange[][] {
  const chunks: { changes: StoreChange[]; ops: number; bytes: number }[] = [];
  for (const unit of units) {
    const ops = unit.reduce((sum, change) => sum + opsOf(change), 0);
    const bytes = unit.reduce((sum, change) => sum + bytesOf(change), 0);
    const last = chunks.at(-1);
    if (!last || last.ops + ops > MAX_OPS || last.bytes + bytes > MAX_BYTES) chunks.push({ changes: [...unit], ops, bytes });
    else {
      last.changes.push(...unit);
      last.ops += ops;
      last.bytes += bytes;
    }
  }
  return chunks.map(({ changes }) => changes);
}

/** An object and, for kinds with names, its name key. */
function opsOf(change: StoreChange): number {
  return isNamedKind(change.kind) ? 2 : 1;
}

function bytesOf(change: StoreChange): number {
  return change.type === 'delete' ? 200 : Buffer.byteLength(JSON.stringify(change.object)) + 200;
}
