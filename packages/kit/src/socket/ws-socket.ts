import { CLOSE_CODES, type SessionSocket } from './session-socket.js';

/** What `ws` hands over unless told otherwise. */
type WsData = { toString(): string };

/** The part of the `ws` package's WebSocket that is needed here: servers and clients have one. */
export interface WebSocketLike {
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(data: string | Uint8Array): void;
  close(code: number, reason: string): void;
  terminate(): void;
  pause(): void;
  resume(): void;
  on(event: 'message', listener: (data: WsData, isBinary: boolean) => void): unknown;
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
  readonly #early: Array<string | Uint8Array> = [];
  readonly #closeListeners: Array<(code: number, reason: string) => void> = [];
  #messageListener: ((text: string) => void) | undefined;
  #bytesListener: ((bytes: Uint8Array) => void) | undefined;
  #closed: { code: number; reason: string } | undefined;

  constructor(webSocket: WebSocketLike) {
    this.#webSocket = webSocket;
    webSocket.on('message', (data, isBinary) => this.#receive(isBinary ? (data as unknown as Uint8Array) : data.toString()));
    webSocket.on('close', (code, reason) => this.#finish(code, reason.toString()));
    // ws tells an error before it closes; the close carries all that anybody acts on.
    webSocket.on('error', () => {});
  }

  send(text: string): void {
    if (this.#webSocket.readyState === OPEN) this.#webSocket.send(text);
  }

  sendBytes(bytes: Uint8Array): void {
    if (this.#webSocket.readyState === OPEN) this.#webSocket.send(bytes);
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
    for (const data of this.#early.splice(0)) this.#receive(data);
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#bytesListener = listener;
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

  #receive(data: string | Uint8Array): void {
    // Nothing is handed on before there is a listener for text, which is set last.
    if (!this.#messageListener) this.#early.push(data);
    else if (typeof data === 'string') this.#messageListener(data);
    else if (this.#bytesListener) this.#bytesListener(data);
    else this.close(CLOSE_CODES.protocolError, 'text messages only');
  }

  #finish(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = { code, reason };
    for (const listener of this.#closeListeners.splice(0)) listener(code, reason);
  }
}
