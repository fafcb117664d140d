import type { LogFrame, LogOptions } from '@tessera/api';

/** One WebSocket of an agent, whose certificate was checked, as the dispatcher sees it. */
export interface SessionSocket {
  /** Queues one text message. Does nothing once the socket is closed. */
  send(text: string): void;
  /** Bytes that were queued and not yet handed to the kernel: the measure for back-pressure. */
  readonly bufferedBytes: number;
  close(code?: number, reason?: string): void;
  /** Calls `listener` with each text message. Messages that come before the first listener are kept. */
  onMessage(listener: (text: string) => void): void;
  /** Calls `listener` once when the socket is closed, by whichever side; at once when it is closed already. */
  onClose(listener: (code: number, reason: string) => void): void;
  /** Reads no more from the socket until `resume`, so that the sender is held back. */
  pause(): void;
  resume(): void;
}

/** Keeps the sessions of agents: tells them what to run and takes in what they report. */
export interface Dispatcher {
  /** Takes over a session of the node. An older session of the same node is closed. */
  accept(socket: SessionSocket, nodeId: string): void;
  /** Takes over a stream that `openLogs` asked the node to dial. A stream that nobody waits for is closed. */
  acceptStream(socket: SessionSocket, streamId: string, nodeId: string): void;
  /**
   * The log of one task of a node, up to and including its `end` or `error` frame. Ends when `signal` is aborted.
   * @throws ApiError `unavailable` when the node has no session here.
   */
  openLogs(nodeId: string, taskId: string, options: LogOptions, signal: AbortSignal): AsyncIterable<LogFrame>;
  /** Closes all sessions and resolves when their last reports are written. */
  stop(): Promise<void>;
}
