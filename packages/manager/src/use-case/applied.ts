import type { BodyOf, NetworkApplied, ParamsOf, QueryOf, Routes, Service } from '@tessera/api';
import { readyNodesOfNetworks } from '../model/network-nodes.js';
import type { UseCaseContext } from './context.js';
import { refuseOther } from './peer.js';
import { resolve } from './references.js';
import { listServices } from './services.js';

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

/**
 * Waits until the nodes' names and balancing are as the managers say now, for all services, those of a stack or one alone: what runs may be
 * asked everywhere then. Gives up after some seconds, and tells which nodes are behind.
 * @throws ApiError `not-found` or `ambiguous`
 */
export async function untilNetworkApplied(
  context: UseCaseContext,
  query: QueryOf<Routes['untilNetworkApplied']>,
  signal: AbortSignal,
): Promise<NetworkApplied> {
  const { view } = context.store;
  const services = query.service === undefined ? listServices(context, query) : [resolve(view, 'services', query.service)];
  const nodeIds = readyNodesOfNetworks(view, networksOf(context, services));
  const behind = await context.dispatcher.untilApplied(nodeIds, signal);
  return { behind: behind.map((nodeId) => view.get('nodes', nodeId)?.name ?? nodeId).sort() };
}

function networksOf({ store: { view } }: UseCaseContext, services: readonly Service[]): Set<string> {
  const names = services.flatMap(({ spec }) => spec.template.networks.map(({ network }) => network));
  return new Set(names.flatMap((name) => view.byName('networks', name)?.id ?? []));
}
