import { ApiError, type LogFrame, type LogOptions, type ParamsOf, type QueryOf, type Routes } from '@tessera/api';
import type { UseCaseContext } from './context.js';
import { goneSignal, peerOf, refuseOther } from './peer.js';

/**
 * The log of a task of a node, whichever manager serves that node: another one's is passed on.
 * @throws ApiError `unavailable`, naming the other manager when it cannot be reached or goes away meanwhile
 */
export async function* nodeLog(
  context: UseCaseContext,
  nodeId: string,
  taskId: string,
  options: LogOptions,
  signal: AbortSignal,
): AsyncIterable<LogFrame> {
  const { dispatcher, peers } = context;
  const peer = peerOf(context, nodeId);
  if (!peer) return yield* dispatcher.openLogs(nodeId, taskId, options, signal);
  const gone = goneSignal(context, peer);
  try {
    yield* peers.taskLog(peer, nodeId, taskId, options, AbortSignal.any([signal, gone.signal]));
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  } finally {
    gone.stop();
  }
  if (gone.signal.aborted && !signal.aborted) throw new ApiError('unavailable', `manager ${peer.hostname}, which serves the node, is gone`);
}

/**
 * The log of a task for another manager: of a node with a session here, and of no other, so that nothing goes in circles.
 * @throws ApiError `not-found` when another manager was meant
 */
export function relayLogs(
  { dispatcher, presence }: UseCaseContext,
  { manager, node, task }: ParamsOf<Routes['relayLogs']>,
  query: QueryOf<Routes['relayLogs']>,
  signal: AbortSignal,
): AsyncIterable<LogFrame> {
  refuseOther(presence, manager);
  return dispatcher.openLogs(node, task, toLogOptions(query), signal);
}

/** What an agent is asked for. */
export function toLogOptions({ follow, tail, since, until, timestamps }: QueryOf<Routes['taskLogs']>): LogOptions {
  return {
    follow,
    timestamps,
    stdout: true,
    stderr: true,
    ...(tail !== undefined && { tail }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  };
}
