import type { BodyOf, NetworkApplied, ParamsOf, QueryOf, Routes, Service, Task } from '@tessera/api';
import { until } from '@tessera/kit';
import { readyNodesOfNetworks } from '../model/network-nodes.js';
import { outdatedProxies } from '../plan/http/proxies.js';
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

/** A proxy that has not taken its routes over for so long has refused them. */
const ROUTES_LIMIT_MS = 12_000;
const ROUTES_INTERVAL_MS = 100;

/**
 * Waits until the nodes' names and balancing are as the managers say now, for all services, those of a stack or one alone, and the HTTP
 * proxies have their routes: what runs may be asked everywhere then. Gives up after some seconds, and tells which nodes and proxies are behind.
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
  const [behind, proxies] = await Promise.all([context.dispatcher.untilApplied(nodeIds, signal), untilRouted(context, signal)]);
  return {
    behind: behind.map((nodeId) => view.get('nodes', nodeId)?.name ?? nodeId).sort(),
    proxies: proxies.map(({ serviceName, slot, id }) => `${serviceName}.${slot ?? id}`).sort(),
  };
}

/** @returns proxies that do not have the routes when time is over */
async function untilRouted({ store: { view }, clock }: UseCaseContext, signal: AbortSignal): Promise<Task[]> {
  const wait = { clock, what: 'the proxies', limitMs: ROUTES_LIMIT_MS, intervalMs: ROUTES_INTERVAL_MS, signal };
  let outdated: Task[] = [];
  const isRouted = (): boolean => (outdated = outdatedProxies(view)).length === 0;
  return until(isRouted, wait).then(
    () => [],
    () => outdated,
  );
}

function networksOf({ store: { view } }: UseCaseContext, services: readonly Service[]): Set<string> {
  const names = services.flatMap(({ spec }) => spec.template.networks.map(({ network }) => network));
  return new Set(names.flatMap((name) => view.byName('networks', name)?.id ?? []));
}
