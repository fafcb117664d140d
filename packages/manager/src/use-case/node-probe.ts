import type { ParamsOf, ProbeAnswer, ProbeRequest, Routes } from '@tessera/api';
import type { UseCaseContext } from './context.js';
import { goneSignal, peerOf, refuseOther } from './peer.js';

/** Asks a node about its network, whichever manager serves it. Rejects for `signal` alone: what goes wrong is told as `failed`. */
export async function probeNode(context: UseCaseContext, nodeId: string, request: ProbeRequest, signal: AbortSignal): Promise<ProbeAnswer> {
  const peer = peerOf(context, nodeId);
  if (!peer) return context.dispatcher.probe(nodeId, request, signal);
  const gone = goneSignal(context, peer);
  try {
    return await context.peers.probe(peer, nodeId, request, AbortSignal.any([signal, gone.signal]));
  } catch (error) {
    signal.throwIfAborted();
    const reason = gone.signal.aborted ? `manager ${peer.hostname}, which serves it, is gone` : (error as Error).message;
    return { kind: 'failed', message: reason };
  } finally {
    gone.stop();
  }
}

/**
 * The same for another manager: of a node with a session here, and of no other, so that nothing goes in circles.
 * @throws ApiError `not-found` when another manager was meant
 */
export async function relayProbe(
  { dispatcher, presence }: UseCaseContext,
  { manager, node }: ParamsOf<Routes['relayProbe']>,
  request: ProbeRequest,
  signal: AbortSignal,
): Promise<ProbeAnswer> {
  refuseOther(presence, manager);
  return dispatcher.probe(node, request, signal);
}
