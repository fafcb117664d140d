import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { ApiError, FORWARD_PATH, MAX_MESSAGE_BYTES, SESSION_PATH, STREAM_PATH } from '@tessera/api';
import { relaySockets, type SessionSocket, sessionSocket } from '@tessera/kit';
import { WebSocketServer } from 'ws';
import type { UseCaseContext } from '../use-case/context.js';
import { openForward } from '../use-case/forward.js';
import { asApiError } from './errors.js';
import { authorise } from './identity.js';

const STREAM_PATTERN = new RegExp(`^${STREAM_PATH.replace(':id', '([a-z0-9]{1,64})')}$`);

const FORWARD_PATTERN = new RegExp(`^${FORWARD_PATH.replace(':ref', '([^/]{1,384})').replace(':port', '(\\d{1,5})')}$`);
const LAST_PORT = 65_535;

/** Hands the WebSockets of agents, whose certificates were checked, to the dispatcher. */
export function serveSessions(server: Server, context: UseCaseContext): void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const upgrade = (take: (socket: SessionSocket) => void): void =>
      sockets.handleUpgrade(request, socket, head, (webSocket) => take(sessionSocket(webSocket)));
    serve(request, socket, context, upgrade).catch((error) => refuse(socket, asApiError(error, 'upgrade')));
  });
}

async function serve(
  request: IncomingMessage,
  socket: Duplex,
  context: UseCaseContext,
  upgrade: (take: (socket: SessionSocket) => void) => void,
): Promise<void> {
  const { dispatcher, clock } = context;
  const path = (request.url ?? '').split('?')[0] ?? '';
  const [, ref, port] = FORWARD_PATTERN.exec(path) ?? [];
  if (ref !== undefined) {
    authorise(request.socket as TLSSocket, 'admin', clock.now());
    return forward(context, decodeURIComponent(ref), Number(port), socket, upgrade);
  }
  const streamId = STREAM_PATTERN.exec(path)?.[1];
  if (path !== SESSION_PATH && streamId === undefined) throw new ApiError('not-found', `no WebSocket is served at ${path}`);
  const { id: nodeId } = authorise(request.socket as TLSSocket, 'node', clock.now());
  upgrade((opened) => (streamId === undefined ? dispatcher.accept(opened, nodeId) : dispatcher.acceptStream(opened, streamId, nodeId)));
}

/** The person's WebSocket is accepted once the node has dialled its own: before that, a refusal can still say why. */
async function forward(
  context: UseCaseContext,
  ref: string,
  port: number,
  socket: Duplex,
  upgrade: (take: (socket: SessionSocket) => void) => void,
): Promise<void> {
  if (port < 1 || port > LAST_PORT) throw new ApiError('invalid-request', `${port} is no port: it is from 1 to ${LAST_PORT}`);
  const gone = new AbortController();
  const abort = (): void => gone.abort(new Error('the client went away'));
  socket.once('close', abort);
  const far = await openForward(context, ref, port, gone.signal);
  socket.off('close', abort);
  if (socket.destroyed) return far.close();
  upgrade((near) => void relaySockets(near, far, context.clock));
}

function refuse(socket: Duplex, error: ApiError): void {
  const body = JSON.stringify(error.toBody());
  socket.end(
    `HTTP/1.1 ${error.status} ${error.code}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
