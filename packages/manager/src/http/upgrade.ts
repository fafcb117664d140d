import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { ApiError, MAX_MESSAGE_BYTES, SESSION_PATH, STREAM_PATH } from '@tessera/api';
import { type SessionSocket, sessionSocket } from '@tessera/kit';
import { WebSocketServer } from 'ws';
import type { UseCaseContext } from '../use-case/context.js';
import { asApiError } from './errors.js';
import { authorise } from './identity.js';

const STREAM_PATTERN = new RegExp(`^${STREAM_PATH.replace(':id', '([a-z0-9]{1,64})')}$`);

/** Hands the WebSockets of agents, whose certificates were checked, to the dispatcher. */
export function serveSessions(server: Server, context: UseCaseContext): void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    try {
      const take = route(request, context);
      sockets.handleUpgrade(request, socket, head, (webSocket) => take(sessionSocket(webSocket)));
    } catch (error) {
      refuse(socket, asApiError(error, 'upgrade'));
    }
  });
}

function route(request: IncomingMessage, { dispatcher, clock }: UseCaseContext): (socket: SessionSocket) => void {
  const path = (request.url ?? '').split('?')[0] ?? '';
  const streamId = STREAM_PATTERN.exec(path)?.[1];
  if (path !== SESSION_PATH && streamId === undefined) throw new ApiError('not-found', `no WebSocket is served at ${path}`);
  const { id: nodeId } = authorise(request.socket as TLSSocket, 'node', clock.now());
  return (socket) => (streamId === undefined ? dispatcher.accept(socket, nodeId) : dispatcher.acceptStream(socket, streamId, nodeId));
}

function refuse(socket: Duplex, error: ApiError): void {
  const body = JSON.stringify(error.toBody());
  socket.end(
    `HTTP/1.1 ${error.status} ${error.code}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
