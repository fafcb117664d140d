import { ApiError, KINDS, type Kind, type ObjectChange, type ObjectTypes, type WatchLine } from '@tessera/api';
import type { Clock } from '@tessera/kit';
import type { UseCaseContext } from './context.js';

/** A line comes at least so often, so that either side notices a dead connection. */
const TICK_MS = 10_000;

/** The kinds of a query; absent: all. @throws ApiError `invalid-request` naming what is not a kind. */
export function parseKinds(text: string | undefined): Kind[] {
  if (text === undefined || text === '') return [...KINDS];
  return text.split(',').map((word) => {
    const kind = KINDS.find((known) => known === word.trim());
    if (!kind)
      throw new ApiError('invalid-request', `query.kinds: '${word.trim()}' is not a kind`, { cure: `kinds are ${KINDS.join(', ')}` });
    return kind;
  });
}

/** The state of the kinds, `synced`, and then every change until `signal` is aborted. A slow reader gets only the last change of each object. */
export async function* watchState({ store, clock }: UseCaseContext, kinds: readonly Kind[], signal: AbortSignal): AsyncIterable<WatchLine> {
  const pending = new PendingChanges(clock);
  const stop = store.onChange((change) => {
    if (kinds.includes(change.kind)) pending.add(change);
  });
  try {
    const { revision } = store.view;
    const snapshot = kinds.flatMap((kind) => [...store.view.all(kind)].map((object) => putLine(kind, object)));
    yield* snapshot;
    yield { type: 'synced', revision };
    while (!signal.aborted) {
      const change = await pending.next(TICK_MS, signal);
      if (!signal.aborted) yield change ? toLine(change) : { type: 'tick', revision: store.view.revision };
    }
  } finally {
    stop();
  }
}

/** The last change of each object that was not read yet, in order. */
class PendingChanges {
  readonly #changes = new Map<string, ObjectChange>();
  #wake: () => void = () => {};

  constructor(private readonly clock: Clock) {}

  add(change: ObjectChange): void {
    const key = `${change.kind}/${change.id}`;
    this.#changes.delete(key);
    this.#changes.set(key, change);
    this.#wake();
  }

  /** The oldest change; undefined when none comes within `limitMs` or the signal is aborted. */
  async next(limitMs: number, signal: AbortSignal): Promise<ObjectChange | undefined> {
    if (this.#changes.size === 0) await this.#waitForOne(limitMs, signal);
    const [first] = this.#changes;
    if (!first) return undefined;
    this.#changes.delete(first[0]);
    return first[1];
  }

  #waitForOne(limitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = this.clock.timer(limitMs, done);
      signal.addEventListener('abort', done, { once: true });
      this.#wake = done;
    });
  }
}

function toLine(change: ObjectChange): WatchLine {
  if (!change.object) return { type: 'delete', kind: change.kind, id: change.id, revision: change.revision };
  return putLine(change.kind, change.object);
}

function putLine(kind: Kind, object: ObjectTypes[Kind]): WatchLine {
  return { type: 'put', kind, id: object.id, revision: object.revision, object: withoutSecrets(kind, object) };
}

function withoutSecrets(kind: Kind, object: ObjectTypes[Kind]): ObjectTypes[Kind] {
  if (kind === 'clusters') return { ...(object as ObjectTypes['clusters']), tokenHashes: { worker: '', manager: '' } };
  if (kind !== 'secrets') return object;
  const secret = object as ObjectTypes['secrets'];
  return { ...secret, spec: { ...secret.spec, data: '' } };
}
