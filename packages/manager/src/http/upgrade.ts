import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { ApiError, FORWARD_PATH, MAX_MESSAGE_BYTES, RELAY_FORWARD_PATH, SESSION_PATH, STREAM_PATH } from '@tessera/api';
import { relaySockets, type SessionSocket, sessionSocket } from '@tessera/kit';
import { WebSocketServer } from 'ws';
import type { UseCaseContext } from '../use-case/context.js';
import { openForward, relayForward } from '../use-case/forward.js';
import { asApiError } from './errors.js';
import { authorise } from './identity.js';

const STREAM_PATTERN = patternOf(STREAM_PATH);
const FORWARD_PATTERN = patternOf(FORWARD_PATH);
const RELAY_FORWARD_PATTERN = patternOf(RELAY_FORWARD_PATH);
const LAST_PORT = 65_535;

/** Turns the request into a WebSocket. */
type Upgrade = (take: (socket: SessionSocket) => void) => void;

/** Hands the WebSockets of agents, whose certificates were checked, to the dispatcher. */
export function serveSessions(server: Server, context: UseCaseContext): void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const upgrade: Upgrade = (take) => sockets.handleUpgrade(request, socket, head, (webSocket) => take(sessionSocket(webSocket)));
    serve(request, socket, context, upgrade).catch((error) => refuse(socket, asApiError(error, 'upgrade')));
  });
}

async function serve(request: IncomingMessage, socket: Duplex, context: UseCaseContext, upgrade: Upgrade): Promise<void> {
  const { dispatcher, clock } = context;
  const path = (request.url ?? '').split('?')[0] ?? '';
  const allow = (role: 'admin' | 'manager' | 'node') => authorise(request.socket as TLSSocket, role, clock.now());
  const asked = FORWARD_PATTERN.exec(path)?.groups;
  if (asked) {
    allow('admin');
    return forward(context, socket, upgrade, (signal) => openForward(context, partOf(asked, 'ref'), portOf(asked), signal));
  }
  const relayed = RELAY_FORWARD_PATTERN.exec(path)?.groups;
  if (relayed) {
    allow('manager');
    const target = { nodeId: partOf(relayed, 'node'), taskId: partOf(relayed, 'task'), port: portOf(relayed) };
    return forward(context, socket, upgrade, (signal) => relayForward(context, partOf(relayed, 'manager'), target, signal));
  }
  const stream = STREAM_PATTERN.exec(path)?.groups;
  if (path !== SESSION_PATH && !stream) throw new ApiError('not-found', `no WebSocket is served at ${path}`);
  const { id: nodeId } = allow('node');
  upgrade((opened) => (stream ? dispatcher.acceptStream(opened, partOf(stream, 'id'), nodeId) : dispatcher.accept(opened, nodeId)));
}

/** The WebSocket of who asks is accepted once the far end has dialled its own: before that, a refusal can still say why. */
async function forward(
  { clock }: UseCaseContext,
  socket: Duplex,
  upgrade: Upgrade,
  open: (signal: AbortSignal) => Promise<SessionSocket>,
): Promise<void> {
  const gone = new AbortController();
  const abort = (): void => gone.abort(new Error('the client went away'));
  socket.once('close', abort);
  const far = await open(gone.signal);
  socket.off('close', abort);
  if (socket.destroyed) return far.close();
  upgrade((near) => void relaySockets(near, far, clock));
}

function refuse(socket: Duplex, error: ApiError): void {
  const body = JSON.stringify(error.toBody());
  socket.end(
    `HTTP/1.1 ${error.status} ${error.code}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/** Each `:name` of the path as a group. */
function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/:([a-z]+)/g, '(?<$1>[^/]{1,384})')}$`);
}

function partOf(groups: Record<string, string>, name: string): string {
  return decodeURIComponent(groups[name] ?? '');
}

function portOf(groups: Record<string, string>): number {
  const port = /^\d{1,5}$/.test(groups.port ?? '') ? Number(groups.port) : 0;
  if (port >= 1 && port <= LAST_PORT) return port;
  throw new ApiError('invalid-request', `${groups.port} is no port: it is from 1 to ${LAST_PORT}`);
}
