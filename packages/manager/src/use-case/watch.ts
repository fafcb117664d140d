import { ApiError, KINDS, type Kind, type ObjectChange, type ObjectTypes, type WatchLine } from '@tessera/api';
import type { UseCaseContext } from './context.js';
import { PendingChanges } from './pending-changes.js';

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

function toLine(change: ObjectChange): WatchLine {
  if (!change.object) return { type: 'delete', kind: change.kind, id: change.id, revision: change.revision };
  return putLine(change.kind, change.object);
}

function putLine(kind: Kind, object: ObjectTypes[Kind]): WatchLine {
  return { type: 'put', kind, id: object.id, revision: object.revision, object: withoutSecrets(kind, object) };
}

function withoutSecrets(kind: Kind, object: ObjectTypes[Kind]): ObjectTypes[Kind] {
  if (kind === 'clusters') return { ...(object as ObjectTypes['clusters']), tokenHashes: { worker: '', manager: '' } };
  const content = kind === 'contents' ? (object as ObjectTypes['contents']) : undefined;
  return content?.secret ? { ...content, data: '' } : object;
}
