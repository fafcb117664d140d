import type { LogFrame, LogOptions, ProbeAnswer, ProbeRequest } from '@tessera/api';
import type { SessionSocket } from '@tessera/kit';

export type { SessionSocket };

/** The digest of an image, or in words why it is not known. */
export type ResolvedImage = { digest: string } | { error: string };

/** Keeps the sessions of agents: tells them what to run and takes in what they report. */
export interface Dispatcher {
  /** Takes over a session of the node. An older session of the same node is closed. */
  accept(socket: SessionSocket, nodeId: string): void;
  /** Takes over a stream that `openLogs` or `openForward` asked the node to dial. A stream that nobody waits for is closed. */
  acceptStream(socket: SessionSocket, streamId: string, nodeId: string): void;
  /**
   * The log of one task of a node, up to and including its `end` or `error` frame. Ends when `signal` is aborted.
   * A node that has no session here, or does not answer, gives one `error` frame: other nodes' logs go on.
   */
  openLogs(nodeId: string, taskId: string, options: LogOptions, signal: AbortSignal): AsyncIterable<LogFrame>;
  /**
   * One connection to a TCP port of a task's container, as the agent carries it.
   * @throws ApiError `unavailable` for a node without a session here, `timeout` when it does not answer
   */
  openForward(nodeId: string, taskId: string, port: number, signal: AbortSignal): Promise<SessionSocket>;
  /** Asks a node about its network. Never rejects but for `signal`: what goes wrong is told as `failed`. */
  probe(nodeId: string, request: ProbeRequest, signal: AbortSignal): Promise<ProbeAnswer>;
  /**
   * Those of `nodeIds` that have applied the state of `revision`, by their sessions here: nothing at first, then a part whenever there is
   * more. Ends when all have, or after some seconds; nodes of other managers are left out.
   */
  applied(nodeIds: readonly string[], revision: number, signal: AbortSignal): AsyncIterable<string[]>;
  /**
   * Waits until all of `nodeIds`, whichever manager serves them, have applied what the view says now: some seconds at most, and not for nodes
   * that are down. Ends with `signal`.
   * @returns those that have not
   */
  untilApplied(nodeIds: ReadonlySet<string>, signal: AbortSignal): Promise<string[]>;
  /** What a reference to an image means now, by one of the agents that have a session here. */
  resolveImage(image: string): Promise<ResolvedImage>;
  /** Closes all sessions and resolves when their last reports are written. */
  stop(): Promise<void>;
}
