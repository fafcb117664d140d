import { ApiError, type Manager } from '@tessera/api';
import { otherManagerOf } from '../model/session.js';
import type { UseCaseContext } from './context.js';

/** The other manager that serves the node, as far as there is one. */
export function peerOf({ store: { view }, presence }: UseCaseContext, nodeId: string): Manager | undefined {
  return otherManagerOf(view, nodeId, presence.id);
}

/** Aborted when the manager has gone: one that vanished with its host closes no connection. */
export function goneSignal({ store }: UseCaseContext, { id }: Manager): { signal: AbortSignal; stop: () => void } {
  const gone = new AbortController();
  const stop = store.onChange((change) => {
    if (change.kind === 'managers' && change.id === id && !change.object) gone.abort();
  });
  return { signal: gone.signal, stop };
}

/** @throws ApiError `not-found` when another manager was meant: this one may have its address now. */
export function refuseOther({ id }: UseCaseContext['presence'], manager: string): void {
  if (id !== manager) throw new ApiError('not-found', `this is not, or no longer, the manager ${manager}`);
}
