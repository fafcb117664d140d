import { Agent } from 'node:https';
import { ApiError, type ErrorBody } from '@tessera/api';
import { type SessionSocket, sessionSocket } from '@tessera/kit';
import { checkManagerIdentity } from '@tessera/kit/pki/subject';
import { formatAddress, parseAddress } from '@tessera/kit/transport/address';
import { WebSocket } from 'ws';
import type { Context } from './context-store.js';

const HANDSHAKE_LIMIT_MS = 10_000;
const MAX_REFUSAL_BYTES = 64 * 1024;

/**
 * Opens a WebSocket at a manager of the context; another one is asked when one cannot be reached or cannot serve it.
 * @throws ApiError as the last manager answered it, or `unavailable`
 */
export async function openSocket(context: Context, path: string): Promise<SessionSocket> {
  let failure: unknown;
  for (const endpoint of context.endpoints) {
    try {
      return await openAt(context, endpoint, path);
    } catch (error) {
      failure = error;
      if (error instanceof ApiError && error.code !== 'unavailable') break;
    }
  }
  throw failure;
}

function openAt({ ca, certificate, key }: Context, endpoint: string, path: string): Promise<SessionSocket> {
  const address = formatAddress(parseAddress(endpoint));
  return new Promise((resolve, reject) => {
    const agent = new Agent({ ca, cert: certificate, key, minVersion: 'TLSv1.3', checkServerIdentity: checkManagerIdentity });
    const webSocket = new WebSocket(`wss://${address}${path}`, { agent, handshakeTimeout: HANDSHAKE_LIMIT_MS, perMessageDeflate: false });
    const socket = sessionSocket(webSocket);
    webSocket.once('open', () => resolve(socket));
    webSocket.once('unexpected-response', (_, answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        if (text.length < MAX_REFUSAL_BYTES) text += chunk;
      });
      answer.on('end', () => reject(refusalOf(text, answer.statusCode ?? 0, address)));
    });
    webSocket.once('error', (cause) =>
      reject(new ApiError('unavailable', `the manager at ${address} cannot be reached: ${cause.message}`, { cause })),
    );
  });
}

function refusalOf(text: string, status: number, address: string): ApiError {
  try {
    return ApiError.fromBody(JSON.parse(text) as ErrorBody);
  } catch {
    return new ApiError('unavailable', `the manager at ${address} answered with HTTP status ${status}`);
  }
}
