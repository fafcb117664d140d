import { ApiError } from '@tessera/api';
import type { ClusterView } from '../model/view.js';
import { MAX_TXN_BYTES } from '../ports/kv.js';
import type { CommitResult, StoreChange } from '../ports/store.js';
import { opCount, type PreparedChange } from './prepare.js';

/** Keys that one txn writes, and others that it compares, at most: under the store's bound. */
const MAX_GROUP_KEYS = 100;
/** Values of one txn at most, in bytes: leaves room for the keys of its compares. */
const MAX_GROUP_BYTES = MAX_TXN_BYTES - 64 * 1024;
/** Txns under way at a time: what makes etcd's round trips overlap. */
const MAX_IN_FLIGHT = 8;

/** Changes that fit into one txn. */
interface Group {
  changes: PreparedChange[];
  /** It writes a key that a group before it writes too: those must be done first. */
  waits: boolean;
}

/** Cuts changes into groups that each fit into one txn, in order; a key is written once in a group. */
export function* groupChanges(changes: Iterable<PreparedChange>): Generator<Group, undefined> {
  let group = new GroupBuilder(false);
  /** By this group, and by those before it that it need not wait for. */
  const written = new Set<string>();
  for (const prepared of changes) {
    const isRepeated = !addNew(prepared, written);
    if (isRepeated || !group.hasPlaceFor(prepared)) {
      if (group.changes.length > 0) yield group;
      group = new GroupBuilder(isRepeated);
    }
    if (isRepeated) {
      written.clear();
      addNew(prepared, written);
    }
    group.add(prepared);
  }
  if (group.changes.length > 0) yield group;
}

/** Adds what a change writes. @returns whether all of it is new */
function addNew({ key, names }: PreparedChange, written: Set<string>): boolean {
  const before = written.size;
  written.add(key);
  if (names) for (const op of names.ops) written.add(op.key);
  return written.size === before + 1 + (names?.ops.length ?? 0);
}

class GroupBuilder implements Group {
  readonly changes: PreparedChange[] = [];
  #keys = 0;
  #bytes = 0;
  /** Keys of other objects that it compares. */
  readonly #guards = new Set<string>();

  constructor(readonly waits: boolean) {}

  hasPlaceFor(prepared: PreparedChange): boolean {
    if (this.changes.length === 0) return true;
    const keys = this.#keys + this.#guards.size + opCount(prepared) + (prepared.guard ? 1 : 0);
    return keys <= MAX_GROUP_KEYS && this.#bytes + prepared.bytes <= MAX_GROUP_BYTES;
  }

  add(prepared: PreparedChange): void {
    this.changes.push(prepared);
    this.#keys += opCount(prepared);
    this.#bytes += prepared.bytes;
    if (prepared.guard) this.#guards.add(prepared.guard.key);
  }
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
  const first = groups.next().value;
  const second = first && groups.next().value;
  // Most batches are small: one group needs no queue.
  if (!first || !second) return first ? commitGroup(first.changes, options) : { revision: options.view.revision, conflicts: [] };
  const queue = new GroupQueue(groups, [first, second]);
  const conflicts: StoreChange[] = [];
  let revision = options.view.revision;
  const work = async (): Promise<void> => {
    for (let group = await queue.take(); group; group = await queue.take()) {
      try {
        const done = await commitGroup(group.changes, options);
        revision = Math.max(revision, done.revision);
        for (const conflict of done.conflicts) conflicts.push(conflict);
      } finally {
        queue.done();
      }
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: MAX_IN_FLIGHT }, work));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
  return { revision, conflicts };
}

/** Hands groups out in order; one that writes what others are still writing, and all after it, wait for them. */
class GroupQueue {
  /** Groups that were taken and are not done. */
  #active = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #onDone: () => void = () => {};

  /** @param taken what was taken out of `groups` before */
  constructor(
    private readonly groups: Iterator<Group, undefined>,
    private readonly taken: Group[],
  ) {}

  take(): Promise<Group | undefined> {
    const taken = this.#turn.then(() => this.#next());
    this.#turn = taken.catch(() => {});
    return taken;
  }

  done(): void {
    this.#active--;
    this.#onDone();
  }

  async #next(): Promise<Group | undefined> {
    const group = this.taken.shift() ?? this.groups.next().value;
    while (group?.waits && this.#active > 0) await new Promise<void>((resolve) => (this.#onDone = resolve));
    if (group) this.#active++;
    return group;
  }
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
