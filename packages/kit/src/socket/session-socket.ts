/**
 * One WebSocket between an agent and a manager, whose certificates were checked, as both ends see it.
 * Messages of text or bytes arrive whole, once and in order, until it is closed.
 */
export interface SessionSocket {
  /** Queues one text message. Does nothing once the socket is closed. */
  send(text: string): void;
  /** Queues one message of bytes. Does nothing once the socket is closed. */
  sendBytes(bytes: Uint8Array): void;
  /** Bytes that were queued and not yet handed to the kernel: the measure for back-pressure. */
  readonly bufferedBytes: number;
  /** Closes with a closing handshake; without a code the connection is cut at once. */
  close(code?: number, reason?: string): void;
  /** Calls `listener` with each text message. Messages that come before the first listener are kept, those of bytes too: set this one last. */
  onMessage(listener: (text: string) => void): void;
  /** Calls `listener` with each message of bytes. A socket that nobody listens to so takes none: it is closed when one comes. */
  onBytes(listener: (bytes: Uint8Array) => void): void;
  /** Calls `listener` once when the socket is closed, by whichever side; at once when it is closed already. */
  onClose(listener: (code: number, reason: string) => void): void;
  /** Reads no more from the socket until `resume`, so that the sender is held back. */
  pause(): void;
  resume(): void;
}

/** WebSocket close codes in use here. Source: RFC 6455, section 7.4.1. */
export const CLOSE_CODES = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  abnormal: 1006,
  policyViolation: 1008,
  tooBig: 1009,
  internalError: 1011,
} as const;
