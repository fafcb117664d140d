import type { LogFrame, LogOptions, Manager, ProbeAnswer, ProbeRequest } from '@tessera/api';
import type { ResolvedImage, SessionSocket } from './dispatcher.js';

/** The other managers of the cluster. */
export interface Peers {
  /**
   * The log of a task on a node that `manager` serves. Ends when `signal` is aborted.
   * @throws ApiError `unavailable` when that manager cannot be reached or the stream breaks
   */
  taskLog(manager: Manager, nodeId: string, taskId: string, options: LogOptions, signal: AbortSignal): AsyncIterable<LogFrame>;
  /**
   * One connection to a TCP port of a task's container on a node that `manager` serves.
   * @throws ApiError as that manager answers, or `unavailable` when it cannot be reached
   */
  openForward(manager: Manager, nodeId: string, taskId: string, port: number, signal: AbortSignal): Promise<SessionSocket>;
  /**
   * What a node that `manager` serves says of its network.
   * @throws ApiError `unavailable` when that manager cannot be reached
   */
  probe(manager: Manager, nodeId: string, request: ProbeRequest, signal: AbortSignal): Promise<ProbeAnswer>;
  /**
   * Those of `nodeIds`, which `manager` serves, that have applied the state of `revision`: nothing as soon as it is asked, then a part
   * whenever there is more.
   * @throws ApiError `unavailable` when that manager cannot be reached or the stream breaks
   */
  applied(manager: Manager, nodeIds: readonly string[], revision: number, signal: AbortSignal): AsyncIterable<string[]>;
  /**
   * What a reference to an image means now, by a node that `manager` serves.
   * @throws ApiError `unavailable` when that manager cannot be reached
   */
  resolveImage(manager: Manager, image: string, signal: AbortSignal): Promise<ResolvedImage>;
  /** Closes all connections. */
  close(): void;
}
