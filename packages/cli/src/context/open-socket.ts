import { ApiError } from '@tessera/api';
import type { SessionSocket } from '@tessera/kit';
import { openSocket as openAt } from '@tessera/kit/transport/index';
import type { Context } from './context-store.js';

const HANDSHAKE_LIMIT_MS = 10_000;

/**
 * Opens a WebSocket at a manager of the context; another one is asked when one cannot be reached or cannot serve it.
 * @throws ApiError as the last manager answered it, or `unavailable`
 */
export async function openSocket(context: Context, path: string): Promise<SessionSocket> {
  let failure: unknown;
  for (const address of context.endpoints) {
    try {
      return await openAt({ address, path, credentials: context, limitMs: HANDSHAKE_LIMIT_MS });
    } catch (error) {
      failure = error;
      if (error instanceof ApiError && error.code !== 'unavailable') break;
    }
  }
  throw failure;
}
