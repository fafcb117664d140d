import { ApiError } from '@tessera/api';
import type { ClusterView } from '../model/view.js';
import { type KvOp, MAX_TXN_BYTES } from '../ports/kv.js';
import type { CommitResult, StoreChange } from '../ports/store.js';
import type { PreparedChange } from './prepare.js';

/** Keys that one txn writes, and others that it compares, at most: under the store's bound. */
const MAX_GROUP_KEYS = 100;
/** Values of one txn at most, in bytes: leaves room for the keys of its compares. */
const MAX_GROUP_BYTES = MAX_TXN_BYTES - 64 * 1024;
/** Txns under way at a time: what makes etcd's round trips overlap. */
const MAX_IN_FLIGHT = 8;

/** Changes that fit into one txn. */
interface Group {
  changes: PreparedChange[];
  /** All that it writes. */
  keys: Set<string>;
  /** Keys of other objects that it compares. */
  guards: Set<string>;
}

/** Cuts changes into groups that each fit into one txn, in order; a key is written once in a group. */
export function* groupChanges(changes: Iterable<PreparedChange>): Generator<Group, undefined> {
  let group: Group = emptyGroup();
  let bytes = 0;
  for (const prepared of changes) {
    if (group.changes.length > 0 && (bytes + prepared.bytes > MAX_GROUP_BYTES || !hasPlaceFor(group, prepared))) {
      yield group;
      [group, bytes] = [emptyGroup(), 0];
    }
    group.changes.push(prepared);
    for (const op of prepared.ops) group.keys.add(keyOf(op));
    if (prepared.guard) group.guards.add(prepared.guard.key);
    bytes += prepared.bytes;
  }
  if (group.changes.length > 0) yield group;
}

function emptyGroup(): Group {
  return { changes: [], keys: new Set(), guards: new Set() };
}

function hasPlaceFor({ keys, guards }: Group, { ops, guard }: PreparedChange): boolean {
  return keys.size + guards.size + ops.length + (guard ? 1 : 0) <= MAX_GROUP_KEYS && !ops.some((op) => keys.has(keyOf(op)));
}

export interface BatchOptions {
  view: ClusterView;
  commit(group: readonly PreparedChange[]): Promise<CommitResult>;
  /** False: nothing can be written any more. */
  mayWrite(): Promise<boolean>;
}

/** Commits groups, several at a time unless they write the same key, and halves those that conflict until the culprits stand alone. */
export async function commitGroups(
  groups: Iterator<Group, undefined>,
  options: BatchOptions,
): Promise<{ revision: number; conflicts: StoreChange[] }> {
  const queue = new GroupQueue(groups);
  const conflicts: StoreChange[] = [];
  let revision = options.view.revision;
  const work = async (): Promise<void> => {
    for (let group = await queue.take(); group; group = await queue.take()) {
      try {
        const done = await commitGroup(group.changes, options);
        revision = Math.max(revision, done.revision);
        for (const conflict of done.conflicts) conflicts.push(conflict);
      } finally {
        queue.done(group);
      }
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: MAX_IN_FLIGHT }, work));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
  return { revision, conflicts };
}

/** Hands groups out in order; one that writes what another is still writing, and all after it, wait for that. */
class GroupQueue {
  /** Keys of the groups that were taken and are not done. */
  readonly #busy = new Set<string>();
  #turn: Promise<unknown> = Promise.resolve();
  #onDone: () => void = () => {};

  constructor(private readonly groups: Iterator<Group, undefined>) {}

  take(): Promise<Group | undefined> {
    const taken = this.#turn.then(() => this.#next());
    this.#turn = taken.catch(() => {});
    return taken;
  }

  done({ keys }: Group): void {
    for (const key of keys) this.#busy.delete(key);
    this.#onDone();
  }

  async #next(): Promise<Group | undefined> {
    const group = this.groups.next().value;
    while (group && isBusy(group, this.#busy)) await new Promise<void>((resolve) => (this.#onDone = resolve));
    if (group) for (const key of group.keys) this.#busy.add(key);
    return group;
  }
}

function isBusy({ keys }: Group, busy: ReadonlySet<string>): boolean {
  for (const key of keys) if (busy.has(key)) return true;
  return false;
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

function keyOf(op: KvOp): string {
  return op.type === 'delete-prefix' ? op.prefix : op.key;
}
