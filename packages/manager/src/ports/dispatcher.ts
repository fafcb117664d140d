import type { LogFrame, LogOptions } from '@tessera/api';
import type { SessionSocket } from '@tessera/kit';

export type { SessionSocket };

/** Keeps the sessions of agents: tells them what to run and takes in what they report. */
export interface Dispatcher {
  /** Takes over a session of the node. An older session of the same node is closed. */
  accept(socket: SessionSocket, nodeId: string): void;
  /** Takes over a stream that `openLogs` asked the node to dial. A stream that nobody waits for is closed. */
  acceptStream(socket: SessionSocket, streamId: string, nodeId: string): void;
  /**
   * The log of one task of a node, up to and including its `end` or `error` frame. Ends when `signal` is aborted.
   * A node that has no session here, or does not answer, gives one `error` frame: other nodes' logs go on.
   */
  openLogs(nodeId: string, taskId: string, options: LogOptions, signal: AbortSignal): AsyncIterable<LogFrame>;
  /** Closes all sessions and resolves when their last reports are written. */
  stop(): Promise<void>;
}
