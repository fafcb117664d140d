import { Agent } from 'node:https';
import { ApiError, type ErrorBody, MAX_MESSAGE_BYTES } from '@tessera/api';
import { WebSocket } from 'ws';
import { checkManagerIdentity } from '../pki/subject.js';
import type { SessionSocket } from '../socket/session-socket.js';
import { sessionSocket } from '../socket/ws-socket.js';
import { formatAddress, parseAddress } from './address.js';
import type { ClientCredentials } from './https-transport.js';

const MAX_REFUSAL_BYTES = 64 * 1024;

export interface OpenSocketOptions {
  /** `host`, `host:port` or `https://host:port` of a manager. */
  address: string;
  path: string;
  credentials: ClientCredentials;
  /** Bound for the connection and the manager's answer, in milliseconds. */
  limitMs: number;
  signal?: AbortSignal;
}

/**
 * Opens a WebSocket at a manager, with mutual TLS 1.3.
 * @throws ApiError as the manager answered it, or `unavailable`; the reason of `signal` when that is aborted first
 */
export function openSocket({ address, path, credentials, limitMs, signal }: OpenSocketOptions): Promise<SessionSocket> {
  const { ca, certificate: cert, key } = credentials;
  const name = formatAddress(parseAddress(address));
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const agent = new Agent({ ca, cert, key, minVersion: 'TLSv1.3', checkServerIdentity: checkManagerIdentity });
    const webSocket = new WebSocket(`wss://${name}${path}`, {
      agent,
      handshakeTimeout: limitMs,
      maxPayload: MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
    });
    // It listens from the beginning, so that no message between the handshake and its use is lost.
    const socket = sessionSocket(webSocket);
    const onAbort = (): void => {
      reject(signal?.reason);
      webSocket.terminate();
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    const settled = (): void => signal?.removeEventListener('abort', onAbort);
    webSocket.once('open', () => {
      settled();
      resolve(socket);
    });
    webSocket.once('unexpected-response', (_, answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        if (text.length < MAX_REFUSAL_BYTES) text += chunk;
      });
      answer.on('close', () => {
        settled();
        reject(refusalOf(text, answer.statusCode ?? 0, name));
      });
    });
    webSocket.once('error', (cause) => {
      settled();
      reject(new ApiError('unavailable', `the manager at ${name} cannot be reached: ${cause.message}`, { cause }));
    });
  });
}

function refusalOf(text: string, status: number, address: string): ApiError {
  try {
    return ApiError.fromBody(JSON.parse(text) as ErrorBody);
  } catch {
    return new ApiError('unavailable', `the manager at ${address} answered with HTTP status ${status}`);
  }
}
