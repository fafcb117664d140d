import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../clock/clock.js';
import { CLOSE_CODES, type SessionSocket } from './session-socket.js';

/** Bytes that wait in a socket before its source is held back, and how often it is looked whether they have gone. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
const DRAIN_LOOK_MS = 5;

/** Text frames between the data of a carried connection. */
type Control = { type: 'open' } | { type: 'end' } | { type: 'error'; message: string };

/** Says that the connection at the far end is made. */
export function sayOpen(socket: SessionSocket): void {
  socket.send(JSON.stringify({ type: 'open' } satisfies Control));
}

/** Says why there is no connection, and closes. */
export function sayFailed(socket: SessionSocket, message: string): void {
  socket.send(JSON.stringify({ type: 'error', message } satisfies Control));
  socket.close(CLOSE_CODES.normal);
}

/**
 * Carries a byte stream over a socket, both ways and no faster than the slower side takes it; each side ends for itself. Resolves when
 * the connection is over.
 * @param onFailure told what the far end says when it could not connect
 */
export function carryStream(
  socket: SessionSocket,
  stream: Duplex,
  clock: Clock,
  onFailure: (message: string) => void = () => {},
): Promise<void> {
  return new Promise((resolve) => {
    let open = 2;
    const ended = (): void => {
      if (--open === 0) socket.close(CLOSE_CODES.normal);
    };
    socket.onBytes((bytes) => {
      if (stream.destroyed || stream.write(bytes)) return;
      socket.pause();
      stream.once('drain', () => socket.resume());
    });
    socket.onMessage((text) => {
      const control = JSON.parse(text) as Control;
      if (control.type === 'error') {
        onFailure(control.message);
        stream.destroy();
      } else if (control.type === 'end') {
        stream.end();
        ended();
      }
    });
    stream.on('data', (chunk: Buffer) => {
      socket.sendBytes(chunk);
      holdBack(
        socket,
        clock,
        () => stream.pause(),
        () => stream.resume(),
      );
    });
    stream.once('end', () => {
      socket.send(JSON.stringify({ type: 'end' } satisfies Control));
      ended();
    });
    // A broken connection closes as well: what is to be done is the same.
    stream.on('error', () => {});
    stream.once('close', () => socket.close(CLOSE_CODES.normal));
    socket.onClose(() => {
      stream.destroy();
      resolve();
    });
  });
}

/** Passes everything on between two sockets, no faster than the receiver takes it. Resolves when one of them is closed, and closes the other. */
export function relaySockets(a: SessionSocket, b: SessionSocket, clock: Clock): Promise<void> {
  const pass = (from: SessionSocket, to: SessionSocket): void => {
    from.onBytes((bytes) => {
      to.sendBytes(bytes);
      holdBack(
        to,
        clock,
        () => from.pause(),
        () => from.resume(),
      );
    });
    from.onMessage((text) => to.send(text));
  };
  pass(a, b);
  pass(b, a);
  return new Promise((resolve) => {
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      one.onClose(() => {
        other.close(CLOSE_CODES.normal);
        resolve();
      });
    }
  });
}

const held = new WeakMap<SessionSocket, Timer>();

/** Stops the source while much waits in `socket`. */
function holdBack(socket: SessionSocket, clock: Clock, pause: () => void, resume: () => void): void {
  if (socket.bufferedBytes <= MAX_BUFFERED_BYTES || held.has(socket)) return;
  pause();
  const look = (): void => {
    if (socket.bufferedBytes > MAX_BUFFERED_BYTES / 4) {
      held.set(socket, clock.timer(DRAIN_LOOK_MS, look));
      return;
    }
    held.delete(socket);
    resume();
  };
  held.set(socket, clock.timer(DRAIN_LOOK_MS, look));
}
