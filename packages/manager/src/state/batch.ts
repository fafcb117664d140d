import { ApiError } from '@tessera/api';
import type { ClusterView } from '../model/view.js';
import { MAX_TXN_BYTES } from '../ports/kv.js';
import type { CommitResult, StoreChange } from '../ports/store.js';
import type { PreparedChange } from './prepare.js';

/** Keys that one txn writes, and others that it compares, at most: under the store's bound. */
const MAX_GROUP_KEYS = 100;
/** Values of one txn at most, in bytes: leaves room for the keys of its compares. */
const MAX_GROUP_BYTES = MAX_TXN_BYTES - 64 * 1024;
/** Txns under way at a time: what makes etcd's round trips overlap. */
const MAX_IN_FLIGHT = 8;

/** Cuts changes into groups that each fit into one txn, in order; a key is written once in a group. */
export function groupChanges(changes: readonly PreparedChange[]): PreparedChange[][] {
  const groups: PreparedChange[][] = [];
  let keys = new Set<string>();
  let guards = new Set<string>();
  let bytes = 0;
  for (const prepared of changes) {
    const own = keysOf(prepared);
    const group = groups.at(-1);
    const isFull = keys.size + guards.size + own.length + 1 > MAX_GROUP_KEYS || bytes + prepared.bytes > MAX_GROUP_BYTES;
    if (!group || isFull || own.some((key) => keys.has(key))) {
      groups.push([prepared]);
      [keys, guards, bytes] = [new Set(own), new Set(), prepared.bytes];
    } else {
      group.push(prepared);
      for (const key of own) keys.add(key);
      bytes += prepared.bytes;
    }
    if (prepared.guard) guards.add(prepared.guard.key);
  }
  return groups;
}

export interface BatchOptions {
  view: ClusterView;
  commit(group: readonly PreparedChange[]): Promise<CommitResult>;
  /** False: nothing can be written any more. */
  mayWrite(): Promise<boolean>;
}

/** Commits groups, several at a time unless they write the same key, and halves those that conflict until the culprits stand alone. */
export async function commitGroups(
  groups: PreparedChange[][],
  options: BatchOptions,
): Promise<{ revision: number; conflicts: StoreChange[] }> {
  const conflicts: StoreChange[] = [];
  let revision = options.view.revision;
  const keys = groups.flat().flatMap(keysOf);
  const lanes = new Set(keys).size === keys.length ? MAX_IN_FLIGHT : 1;
  const queue = [...groups];
  const work = async (): Promise<void> => {
    for (let group = queue.shift(); group; group = queue.shift()) {
      const done = await commitGroup(group, options);
      revision = Math.max(revision, done.revision);
      conflicts.push(...done.conflicts);
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: Math.min(lanes, groups.length) }, work));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
  return { revision, conflicts };
}

async function commitGroup(
  group: readonly PreparedChange[],
  options: BatchOptions,
): Promise<{ revision: number; conflicts: StoreChange[] }> {
  const result = await options.commit(group).catch(takenNameAsConflict);
  if (result.outcome === 'committed') return { revision: result.revision, conflicts: [] };
  if (group.length === 1 || !(await options.mayWrite())) return { revision: 0, conflicts: group.map((prepared) => prepared.change) };
  const parts = splitGroup(group, options.view);
  const done = { revision: 0, conflicts: [] as StoreChange[] };
  for (const part of parts) {
    const { revision, conflicts } = await commitGroup(part, options);
    done.revision = Math.max(done.revision, revision);
    done.conflicts.push(...conflicts);
  }
  return done;
}

/** The changes that the view already shows to be stale apart from the others; halves when it shows none. */
function splitGroup(group: readonly PreparedChange[], view: ClusterView): PreparedChange[][] {
  const stale = group.filter((prepared) => isStale(prepared.change, view));
  if (stale.length > 0 && stale.length < group.length) {
    return [group.filter((prepared) => !stale.includes(prepared)), ...stale.map((prepared) => [prepared])];
  }
  const middle = group.length >> 1;
  return [group.slice(0, middle), group.slice(middle)];
}

function isStale(change: StoreChange, view: ClusterView): boolean {
  const guard = change.type === 'put' ? change.guard : undefined;
  if (guard && view.get(guard.kind, guard.id)?.revision !== guard.revision) return true;
  if (change.expect === 'any') return false;
  const current = view.get(change.kind, change.type === 'put' ? change.object.id : change.id);
  return change.expect === 'absent' ? current !== undefined : current?.revision !== change.expect.revision;
}

function takenNameAsConflict(error: unknown): CommitResult {
  if (error instanceof ApiError && error.code === 'already-exists') return { outcome: 'conflict' };
  throw error;
}

function keysOf(prepared: PreparedChange): string[] {
  return prepared.ops.map((op) => (op.type === 'delete-prefix' ? op.prefix : op.key));
}
