import type { LogFrame, LogOptions, Manager, ProbeAnswer, ProbeRequest } from '@tessera/api';
import type { ResolvedImage } from './dispatcher.js';

/** The other managers of the cluster. */
export interface Peers {
  /**
   * The log of a task on a node that `manager` serves. Ends when `signal` is aborted.
   * @throws ApiError `unavailable` when that manager cannot be reached or the stream breaks
   */
  taskLog(manager: Manager, nodeId: string, taskId: string, options: LogOptions, signal: AbortSignal): AsyncIterable<LogFrame>;
  /**
   * What a node that `manager` serves says of its network.
   * @throws ApiError `unavailable` when that manager cannot be reached
   */
  probe(manager: Manager, nodeId: string, request: ProbeRequest, signal: AbortSignal): Promise<ProbeAnswer>;
  /**
   * What a reference to an image means now, by a node that `manager` serves.
   * @throws ApiError `unavailable` when that manager cannot be reached
   */
  resolveImage(manager: Manager, image: string, signal: AbortSignal): Promise<ResolvedImage>;
  /** Closes all connections. */
  close(): void;
}
