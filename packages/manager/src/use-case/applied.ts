import type { BodyOf, ParamsOf, Routes } from '@tessera/api';
import type { UseCaseContext } from './context.js';
import { refuseOther } from './peer.js';

/**
 * What nodes have applied, for another manager: by the sessions here alone, so that nothing goes in circles.
 * @throws ApiError `not-found` when another manager was meant
 */
export function relayApplied(
  { dispatcher, presence }: UseCaseContext,
  { manager }: ParamsOf<Routes['relayApplied']>,
  { nodeIds, revision }: BodyOf<Routes['relayApplied']>,
  signal: AbortSignal,
): AsyncIterable<string[]> {
  refuseOther(presence, manager);
  return dispatcher.applied(nodeIds, revision, signal);
}
