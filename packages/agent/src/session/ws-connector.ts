import type { IncomingMessage } from 'node:http';
import { Agent } from 'node:https';
import { MAX_MESSAGE_BYTES } from '@tessera/api';
import { type Clock, sessionSocket } from '@tessera/kit';
import { WebSocket } from 'ws';
import { managerTls } from '../identity/manager-request.js';
import { explainFailure } from '../identity/tls-failure.js';
import { ConnectError, type Connector } from './connector.js';

/** What the connector shows of this node, read anew for each connection. */
export interface NodeCredentials {
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
  /** End of the certificate's life, in milliseconds since 1970. */
  readonly expiresAtMs: number;
}

const HANDSHAKE_LIMIT_MS = 5_000;
const MAX_REFUSAL_BYTES = 16 * 1024;

/** Connects to managers over TLS 1.3 with the node's certificate; the cluster's CA must have made the manager's. */
export function wsConnector(credentials: NodeCredentials, clock: Clock): Connector {
  return {
    connect: (manager, path) =>
      new Promise((resolve, reject) => {
        const url = new URL(path, manager.replace(/^https:/, 'wss:'));
        const webSocket = new WebSocket(url, {
          // No cached TLS sessions: each connection proves both certificates again.
          agent: new Agent({ ...managerTls(credentials), maxCachedSessions: 0 }),
          handshakeTimeout: HANDSHAKE_LIMIT_MS,
          maxPayload: MAX_MESSAGE_BYTES,
          perMessageDeflate: false,
        });
        // The wrapper listens from the beginning, so that no message between the handshake and its use is lost.
        const socket = sessionSocket(webSocket);
        webSocket.once('open', () => resolve(socket));
        webSocket.once('unexpected-response', (_, answer) => {
          void refusalOf(answer, manager, credentials.expiresAtMs <= clock.now()).then((error) => {
            reject(error);
            webSocket.terminate();
          });
        });
        webSocket.once('error', (error) => reject(failureOf(error, manager, clock)));
      }),
  };
}

function failureOf(error: Error, manager: string, clock: Clock): ConnectError {
  const { kind, message } = explainFailure(error, { manager, nowMs: clock.now() });
  return new ConnectError(message, kind === 'own-certificate', { cause: error });
}

/**
 * A refusal is final when both sides agree on it: 403 comes of a sound certificate, 401 of one that this host, too, sees
 * expired. Any other 401 may be the fault of a clock, and passes when the clock is set.
 */
async function refusalOf(answer: IncomingMessage, manager: string, isExpired: boolean): Promise<ConnectError> {
  const status = answer.statusCode ?? 0;
  const text = await bodyOf(answer);
  const final = status === 403 || (status === 401 && isExpired);
  const cure = final ? ': leave the cluster and join again' : '';
  return new ConnectError(`${manager} refuses the session (HTTP ${status}): ${explanationIn(text)}${cure}`, final);
}

async function bodyOf(answer: IncomingMessage): Promise<string> {
  let text = '';
  try {
    for await (const chunk of answer) {
      text += String(chunk);
      if (text.length > MAX_REFUSAL_BYTES) break;
    }
  } catch {
    // What came of it is enough for a message.
  }
  return text;
}

function explanationIn(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === 'string' ? message : 'no reason given';
  } catch {
    return 'no reason given';
  }
}
