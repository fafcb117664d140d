import { CLOSE_CODES, type SessionSocket } from './session-socket.js';

/** The part of the `ws` package's WebSocket that is needed here: both ends have one, this package does not depend on it. */
export interface WebSocketLike {
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(text: string): void;
  close(code: number, reason: string): void;
  terminate(): void;
  pause(): void;
  resume(): void;
  on(event: 'message', listener: (data: { toString(): string }, isBinary: boolean) => void): unknown;
  on(event: 'close', listener: (code: number, reason: { toString(): string }) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** `readyState` of an open WebSocket. Source: the WHATWG WebSockets standard. */
const OPEN = 1;
/** A close reason takes at most 123 bytes (RFC 6455, section 5.5.1); characters of up to 3 bytes fit so. */
const MAX_REASON_CHARACTERS = 40;

/** Makes a {@link SessionSocket} of an open WebSocket of the `ws` package. */
export function sessionSocket(webSocket: WebSocketLike): SessionSocket {
  return new WsSocket(webSocket);
}

class WsSocket implements SessionSocket {
  readonly #webSocket: WebSocketLike;
  readonly #early: string[] = [];
  readonly #closeListeners: Array<(code: number, reason: string) => void> = [];
  #messageListener: ((text: string) => void) | undefined;
  #closed: { code: number; reason: string } | undefined;

  constructor(webSocket: WebSocketLike) {
    this.#webSocket = webSocket;
    webSocket.on('message', (data, isBinary) => this.#receive(data.toString(), isBinary));
    webSocket.on('close', (code, reason) => this.#finish(code, reason.toString()));
    // ws tells an error before it closes; the close carries all that anybody acts on.
    webSocket.on('error', () => {});
  }

  send(text: string): void {
    if (this.#webSocket.readyState === OPEN) this.#webSocket.send(text);
  }

  get bufferedBytes(): number {
    return this.#webSocket.bufferedAmount;
  }

  close(code?: number, reason = ''): void {
    if (code === undefined) this.#webSocket.terminate();
    else this.#webSocket.close(code, reason.slice(0, MAX_REASON_CHARACTERS));
  }

  onMessage(listener: (text: string) => void): void {
    this.#messageListener = listener;
    for (const text of this.#early.splice(0)) listener(text);
  }

  onClose(listener: (code: number, reason: string) => void): void {
    if (this.#closed) listener(this.#closed.code, this.#closed.reason);
    else this.#closeListeners.push(listener);
  }

  pause(): void {
    if (this.#webSocket.readyState === OPEN) this.#webSocket.pause();
  }

  resume(): void {
    if (this.#webSocket.readyState === OPEN) this.#webSocket.resume();
  }

  #receive(text: string, isBinary: boolean): void {
    if (isBinary) {
      this.close(CLOSE_CODES.protocolError, 'text messages only');
      return;
    }
    if (this.#messageListener) this.#messageListener(text);
    else this.#early.push(text);
  }

  #finish(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = { code, reason };
    for (const listener of this.#closeListeners.splice(0)) listener(code, reason);
  }
}
