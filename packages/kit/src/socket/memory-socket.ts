import type { Clock } from '../clock/clock.js';
import { CLOSE_CODES, type SessionSocket } from './session-socket.js';

export interface SocketPairOptions {
  clock: Clock;
  /** Time that each message takes, in milliseconds. */
  latencyMs?: number;
}

/** Two ends of one connection inside the process, and what can befall it: for tests and the simulator. */
export interface SocketPair {
  client: SessionSocket;
  server: SessionSocket;
  /** Ends the connection at once: what is under way is lost, and both ends see an abnormal close. */
  cut(): void;
  /** Loses everything from now on, closes included, and tells nobody: a dead network. */
  blackhole(): void;
  /** Keeps all that is under way or sent later until `thaw`: a stalled peer whose kernel still holds the connection. */
  freeze(): void;
  thaw(): void;
}

/** Makes a connected pair of sockets whose messages take `latencyMs` of `clock`'s time. */
export function socketPair({ clock, latencyMs = 1 }: SocketPairOptions): SocketPair {
  const wire = new Wire();
  const client = new MemorySocket(clock, latencyMs, wire);
  const server = new MemorySocket(clock, latencyMs, wire);
  client.peer = server;
  server.peer = client;
  return {
    client,
    server,
    cut: () => {
      wire.dead = true;
      client.finish(CLOSE_CODES.abnormal, '');
      server.finish(CLOSE_CODES.abnormal, '');
    },
    blackhole: () => {
      wire.dead = true;
    },
    freeze: () => {
      wire.frozen = true;
    },
    thaw: () => {
      wire.frozen = false;
      client.pump();
      server.pump();
    },
  };
}

class Wire {
  dead = false;
  frozen = false;
}

type Packet = { at: number } & ({ text: string } | { bytes: Uint8Array } | { code: number; reason: string });

class MemorySocket implements SessionSocket {
  peer: MemorySocket | undefined;
  /** On the way to this end, in order. */
  readonly #incoming: Packet[] = [];
  readonly #closeListeners: Array<(code: number, reason: string) => void> = [];
  #messageListener: ((text: string) => void) | undefined;
  #bytesListener: ((bytes: Uint8Array) => void) | undefined;
  #closed: { code: number; reason: string } | undefined;
  #closing = false;
  #paused = false;

  constructor(
    private readonly clock: Clock,
    private readonly latencyMs: number,
    private readonly wire: Wire,
  ) {}

  send(text: string): void {
    if (!this.#closed && !this.#closing) this.peer?.arrive({ at: this.clock.monotonic() + this.latencyMs, text });
  }

  sendBytes(bytes: Uint8Array): void {
    const copy = bytes.slice();
    if (!this.#closed && !this.#closing) this.peer?.arrive({ at: this.clock.monotonic() + this.latencyMs, bytes: copy });
  }

  get bufferedBytes(): number {
    return this.peer?.heldBytes() ?? 0;
  }

  close(code?: number, reason = ''): void {
    if (this.#closed || this.#closing) return;
    this.#closing = true;
    this.peer?.arrive({ at: this.clock.monotonic() + this.latencyMs, code: code ?? CLOSE_CODES.abnormal, reason });
    this.clock.timer(this.latencyMs, () => this.finish(code ?? CLOSE_CODES.abnormal, reason));
  }

  onMessage(listener: (text: string) => void): void {
    this.#messageListener = listener;
    this.pump();
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#bytesListener = listener;
  }

  onClose(listener: (code: number, reason: string) => void): void {
    if (this.#closed) listener(this.#closed.code, this.#closed.reason);
    else this.#closeListeners.push(listener);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.pump();
  }

  arrive(packet: Packet): void {
    if (this.wire.dead || this.#closed) return;
    this.#incoming.push(packet);
    this.clock.timer(this.latencyMs, () => this.pump());
  }

  /** Hands on what has arrived, unless something holds it back. */
  pump(): void {
    for (let packet = this.#incoming[0]; packet && this.#takes(packet); packet = this.#incoming[0]) {
      this.#incoming.shift();
      if ('text' in packet) this.#messageListener?.(packet.text);
      else if ('bytes' in packet) this.#bytesListener?.(packet.bytes);
      else this.finish(packet.code, packet.reason);
    }
  }

  heldBytes(): number {
    return this.#incoming.reduce((sum, packet) => sum + sizeOf(packet), 0);
  }

  finish(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = { code, reason };
    this.#incoming.length = 0;
    for (const listener of this.#closeListeners.splice(0)) listener(code, reason);
  }

  #takes(packet: Packet): boolean {
    if (this.#closed || this.#paused || this.wire.dead || this.wire.frozen) return false;
    return this.#messageListener !== undefined && packet.at <= this.clock.monotonic();
  }
}

function sizeOf(packet: Packet): number {
  if ('text' in packet) return packet.text.length;
  return 'bytes' in packet ? packet.bytes.length : 0;
}
