import { ApiError, type ObjectTypes } from '@tessera/api';
import { type Clock, type Log, sleep } from '@tessera/kit';
import type { ClusterView } from '../../model/view.js';
import type { ClusterStore, Guard, StoreChange } from '../../ports/store.js';

type UpdatableKind = 'tasks' | 'nodes';
type Updatable = ObjectTypes[UpdatableKind];

/** A change of one object, made on what the view holds when it is written. */
export interface Update {
  kind: UpdatableKind;
  id: string;
  /** The object as it shall be; `undefined` when nothing is to be written. Called again after a conflict. */
  apply(object: Updatable | undefined): Updatable | undefined;
  /** A node that must be as the view has it when the update is written. */
  guardNodeId?: string;
}

interface Waiting {
  updates: readonly Update[];
  resolve(): void;
  reject(reason: Error): void;
}

export interface UpdateQueueOptions {
  store: ClusterStore;
  clock: Clock;
  log: Log;
  /** How long to gather updates of all sessions before they are written together, in milliseconds. */
  tickMs: number;
}

const CONFLICT_RETRY_MS = 20;
const FIRST_STORE_RETRY_MS = 100;
const LONGEST_STORE_RETRY_MS = 2_000;

/**
 * Writes small updates of many objects for all sessions together, in order. Objects have several writers, so that each
 * write expects the revision that it was made from and is made again when somebody else was faster.
 */
export class UpdateQueue {
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  readonly #stop = new AbortController();

  constructor(private readonly options: UpdateQueueOptions) {}

  /** Resolves when the updates are written, or were found to be none. While the store is away it waits. @throws Error when it was stopped before. */
  submit(updates: readonly Update[]): Promise<void> {
    if (updates.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ updates, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Writes what waits, unless the store is away, and resolves. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    await this.#pause(this.options.tickMs);
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      const written = await this.#write(batch.flatMap((one) => one.updates));
      for (const { resolve, reject } of batch)
        written ? resolve() : reject(new Error('the dispatcher was stopped before the store took the status'));
    }
    this.#running = undefined;
  }

  /** Returns false when it was given up: the store is away and the queue was stopped. */
  async #write(updates: readonly Update[]): Promise<boolean> {
    let left = updates;
    let retryMs = FIRST_STORE_RETRY_MS;
    while (left.length > 0) {
      try {
        left = await this.#writeOnce(left);
        if (left.length > 0 && this.#stop.signal.aborted) return false;
        if (left.length > 0) await this.#pause(CONFLICT_RETRY_MS);
      } catch (error) {
        if (!isAway(error)) return this.#writeOneByOne(left, error);
        if (this.#stop.signal.aborted) return false;
        this.options.log.warn({ error, updates: left.length }, 'dispatcher: the store is away, statuses wait');
        await this.#pause(retryMs);
        retryMs = Math.min(LONGEST_STORE_RETRY_MS, retryMs * 2);
      }
    }
    return true;
  }

  /** Finds the update that the store will never take, and goes on without it: one bad status must not hold up all. */
  async #writeOneByOne(updates: readonly Update[], error: unknown): Promise<boolean> {
    const [only, second] = updates;
    if (only && !second)
      this.options.log.error({ error, kind: only.kind, id: only.id }, 'dispatcher: the store refuses a status, it is left out');
    else for (const update of updates) if (!(await this.#write([update]))) return false;
    return true;
  }

  /** Returns the updates whose objects somebody else changed in the meantime. */
  async #writeOnce(updates: readonly Update[]): Promise<readonly Update[]> {
    const { view } = this.options.store;
    const changed = new Map<string, Changed>();
    for (const update of updates) {
      const key = `${update.kind}/${update.id}`;
      const before = changed.get(key);
      const stored = view.get(update.kind, update.id);
      const object = update.apply(before?.object ?? stored);
      if (!object || !stored) continue;
      const guard = nodeGuard(view, update.guardNodeId) ?? before?.guard;
      changed.set(key, {
        kind: update.kind,
        object,
        updates: [...(before?.updates ?? []), update],
        expect: { revision: stored.revision },
        ...(guard && { guard }),
      });
    }
    if (changed.size === 0) return [];
    const changes = [...changed.values()].map(({ updates: _, ...change }) => ({ type: 'put', ...change }) as StoreChange);
    const { conflicts } = await this.options.store.commitBatch(changes);
    return conflicts.flatMap((conflict) => changed.get(`${conflict.kind}/${idOf(conflict)}`)?.updates ?? []);
  }

  #pause(delayMs: number): Promise<void> {
    return sleep(this.options.clock, delayMs, this.#stop.signal).catch(() => {});
  }
}

/** An object as it shall be written, with the updates that it is made of. */
interface Changed {
  kind: UpdatableKind;
  object: Updatable;
  updates: Update[];
  expect: { revision: number };
  guard?: Guard;
}

function nodeGuard(view: ClusterView, nodeId: string | undefined): Guard | undefined {
  const node = nodeId === undefined ? undefined : view.get('nodes', nodeId);
  return node && { kind: 'nodes', id: node.id, revision: node.revision };
}

function isAway(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'unavailable';
}

function idOf(change: StoreChange): string {
  return change.type === 'put' ? change.object.id : change.id;
}
