import { KINDS, type Kind, type ObjectChange, type ObjectTypes } from '@tessera/api';
import { type Clock, jittered, type Log, type Random, sleep } from '@tessera/kit';
import { IndexedView } from '../model/view.js';
import { type Kv, type KvEntry, KvError, type KvEvent, type KvWatch } from '../ports/kv.js';
import type { ChangeListener } from '../ports/store.js';
import type { Codec } from './codec.js';
import type { Keys } from './keys.js';
import { OwnWrites } from './own-writes.js';
import { type PreparedChange, toObjectChange } from './prepare.js';
import { RevisionWaiters } from './revision-waiters.js';

/** Objects read at a time: keeps an answer of etcd within a few megabytes. */
const PAGE_SIZE = 500;
const RETRY_MS = 500;

export interface InformerOptions {
  kv: Kv;
  keys: Keys;
  codec: Codec;
  clock: Clock;
  random: Random;
  log: Log;
}

/** Keeps the view current: lists the store once, then follows its watch, and lists again when the watch was compacted. */
export class Informer {
  readonly view = new IndexedView();
  readonly #options: InformerOptions;
  #listeners: readonly ChangeListener[] = [];
  readonly #own = new OwnWrites();
  /** Deletes of our own that the watch has not told yet: an older put must not bring the object back. */
  readonly #deleted = new Map<string, number>();
  readonly #waiters = new RevisionWaiters();
  readonly #stop = new AbortController();
  #watch: KvWatch | undefined;

  constructor(options: InformerOptions) {
    this.#options = options;
  }

  /** Resolves when the view holds the state of the store. Tries until it succeeds or `stop` is called. */
  async start(): Promise<void> {
    const { clock, random, log } = this.#options;
    while (!this.#stop.signal.aborted) {
      try {
        return this.#follow(await this.#list());
      } catch (error) {
        if (this.#stop.signal.aborted || (error instanceof KvError && error.code === 'closed')) return;
        log.warn({ error }, 'the state cannot be listed, trying again');
        await sleep(clock, jittered(random, RETRY_MS), this.#stop.signal).catch(() => {});
      }
    }
  }

  stop(): void {
    this.#stop.abort();
    this.#watch?.cancel();
    this.#waiters.rejectAll(new Error('the manager stops'));
  }

  onChange(listener: ChangeListener): () => void {
    this.#listeners = [...this.#listeners, listener];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== listener);
    };
  }

  /** Says what this process is about to commit. @returns what to call when that is over, well or not */
  expectOwn(changes: readonly PreparedChange[]): () => void {
    return this.#own.expect(changes);
  }

  /**
   * Takes over what this process has committed, before the watch tells it. What the watch was faster with is left out: it
   * may have told since that the object was deleted.
   */
  applyOwn(changes: readonly PreparedChange[], revision: number): void {
    if (revision <= this.#waiters.reached) return;
    for (const prepared of changes) {
      const { change } = prepared;
      // The watch has brought it already, though not yet all of its revision.
      if (prepared.isTold) continue;
      if (change.type === 'delete') this.#deleted.set(`${change.kind}/${change.id}`, revision);
      this.#apply(toObjectChange(prepared, revision));
    }
  }

  waitFor(revision: number, signal?: AbortSignal): Promise<void> {
    return this.#waiters.wait(revision, signal);
  }

  async #list(): Promise<number> {
    const { kv, keys } = this.#options;
    const found = new Set<string>();
    let revision: number | undefined;
    let startKey = keys.objects;
    for (;;) {
      const page = await kv.range(keys.objects, { limit: PAGE_SIZE, startKey, ...(revision !== undefined && { revision }) });
      revision = page.revision;
      for (const entry of page.entries) {
        const change = this.#decode(entry);
        if (!change) continue;
        found.add(`${change.kind}/${change.id}`);
        this.#apply(change);
      }
      const last = page.entries.at(-1);
      if (!page.more || !last) break;
      startKey = `${last.key}\0`;
    }
    this.#dropUnlisted(found, revision);
    return revision;
  }

  /** Tells of what was deleted while nobody watched. */
  #dropUnlisted(found: ReadonlySet<string>, revision: number): void {
    for (const kind of KINDS) {
      for (const object of [...this.view.all(kind)]) {
        if (!found.has(`${kind}/${object.id}`) && object.revision <= revision)
          this.#apply({ kind, id: object.id, object: undefined, revision } as ObjectChange);
      }
    }
  }

  #follow(listed: number): void {
    const { kv, keys, log } = this.#options;
    this.#reach(listed);
    this.#watch = kv.watch(keys.objects, {
      fromRevision: listed + 1,
      onEvents: (events, revision) => {
        for (const event of events) this.#take(event);
        this.#reach(revision);
      },
      onEnd: (reason) => {
        if (reason === 'closed') return;
        log.warn({ revision: this.#waiters.reached }, 'the watch was compacted, listing again');
        void this.start();
      },
    });
  }

  #take(event: KvEvent): void {
    if (event.type === 'put') {
      const { entry } = event;
      const own = this.#own.take(entry);
      const change = own ? toObjectChange(own, entry.modRevision) : this.#isKnown(entry) ? undefined : this.#decode(entry);
      if (change) this.#apply(change);
      return;
    }
    const parsed = this.#options.keys.parse(event.key);
    if (parsed) this.#apply({ ...parsed, object: undefined, revision: event.modRevision } as ObjectChange);
  }

  /** Whether the view has it, or something newer. */
  #isKnown({ key, modRevision }: KvEntry): boolean {
    const parsed = this.#options.keys.parse(key);
    return parsed !== undefined && (this.view.get(parsed.kind, parsed.id)?.revision ?? 0) >= modRevision;
  }

  #apply(change: ObjectChange): void {
    if (this.#deleted.size > 0 && change.object && change.revision < (this.#deleted.get(`${change.kind}/${change.id}`) ?? 0)) return;
    const gone = change.object ? undefined : this.view.get(change.kind, change.id);
    if (!this.view.apply(change)) return;
    for (const listener of this.#listeners) this.#tell(listener, change, gone);
  }

  #tell(listener: ChangeListener, change: ObjectChange, gone: ObjectTypes[Kind] | undefined): void {
    try {
      listener(change, gone);
    } catch (error) {
      this.#options.log.error({ error, kind: change.kind, id: change.id }, 'a listener to the state failed');
    }
  }

  #reach(revision: number): void {
    this.view.advanceTo(revision);
    this.#waiters.reach(revision);
    for (const [key, deletedAt] of this.#deleted) if (deletedAt <= revision) this.#deleted.delete(key);
  }

  #decode(entry: KvEntry): ObjectChange | undefined {
    const { keys, codec, log } = this.#options;
    const parsed = keys.parse(entry.key);
    if (!parsed) return undefined;
    try {
      return { ...parsed, object: codec.decode(parsed.kind, entry.value, entry.modRevision), revision: entry.modRevision } as ObjectChange;
    } catch (error) {
      log.error({ error, key: entry.key }, 'an object of the store cannot be read and is left out');
      return undefined;
    }
  }
}
