import { ApiError, type NetworkSpec, parseRange, type ServiceSpec } from '@tessera/api';
import { type Division, divisionOf, freeSubnet } from '../model/subnet.js';
import type { ClusterView } from '../model/view.js';
import { othersSubnets, wantedTasks } from '../plan/network-space.js';

/** What is about to be written. */
export interface Demand {
  networks: readonly NetworkSpec[];
  services: readonly ServiceSpec[];
  /** Ids of services and networks that go at the same time. */
  removed: ReadonlySet<string>;
}

/**
 * Refuses what can never run for lack of addresses: told to the one who asks for it, not only to the manager's log.
 * @throws ApiError `exhausted` with the numbers.
 */
export function refuseExhaustion(view: ClusterView, demand: Demand): void {
  const subnets = subnetsOf(view, demand);
  for (const name of new Set(demand.services.flatMap((service) => service.template.networks.map(({ network }) => network)))) {
    const division = divisionOf(subnets.get(name) ?? '');
    if (division) refuseTooMany(view, name, division, servicesOn(view, name, demand));
  }
}

/** Subnets by the name of their network, those to be cut from the pool among them. */
function subnetsOf(view: ClusterView, { networks, removed }: Demand): Map<string, string> {
  const pool = view.get('clusters', 'cluster')?.addressPool ?? '';
  const subnets = new Map<string, string>();
  const lacking = new Set<string>();
  for (const { id, spec, allocation } of view.all('networks')) note(spec, removed.has(id) ? undefined : allocation?.subnet);
  for (const spec of networks) if (view.byName('networks', spec.name)?.allocation === undefined) note(spec, undefined);
  const taken = [...othersSubnets(view, undefined), ...networks.flatMap(({ subnet = '' }) => parseRange(subnet) ?? [])];
  for (const name of lacking) {
    const subnet = freeSubnet(pool, taken, view.count('nodes'));
    const range = subnet === undefined ? undefined : parseRange(subnet);
    if (subnet === undefined || !range) throw poolUsedUp(name, pool, view);
    taken.push(range);
    subnets.set(name, subnet);
  }
  return subnets;

  function note(spec: NetworkSpec, allocated: string | undefined): void {
    const subnet = allocated ?? spec.subnet;
    if (spec.driver !== 'overlay') return;
    if (subnet !== undefined) subnets.set(spec.name, subnet);
    else lacking.add(spec.name);
  }
}

function poolUsedUp(name: string, pool: string, view: ClusterView): ApiError {
  return new ApiError(
    'exhausted',
    `there is no subnet left for network '${name}': ${view.count('networks')} networks use up the pool ${pool}`,
    {
      cure: 'give the network a subnet of its own (ipam.config.subnet) outside of the pool, or remove networks that nobody uses: tsctl network ls',
    },
  );
}

function servicesOn(view: ClusterView, network: string, { services, removed }: Demand): ServiceSpec[] {
  const changed = new Set(services.map(({ name }) => name));
  const others = [...view.servicesOfNetwork(network)].filter(({ id, spec }) => !removed.has(id) && !changed.has(spec.name));
  const joining = services.filter(({ template }) => template.networks.some((attachment) => attachment.network === network));
  return [...others.map(({ spec }) => spec), ...joining];
}

function refuseTooMany(view: ClusterView, name: string, division: Division, services: readonly ServiceSpec[]): void {
  const { blocks, perBlock } = division;
  const wanted = services.map((service) => ({ service, tasks: wantedTasks(view, service) }));
  const tasks = wanted.reduce((sum, each) => sum + each.tasks, 0);
  const nodes = services.some(isOnEveryNode) ? view.count('nodes') : 0;
  if (tasks <= blocks * perBlock && nodes <= blocks) return;
  const room = `${blocks * perBlock} addresses for containers (${blocks} ${blocks === 1 ? 'node' : 'nodes'} of ${perBlock} each)`;
  const need = tasks > blocks * perBlock ? `its services want ${tasks} tasks` : `${nodes} nodes must take part`;
  throw new ApiError('exhausted', `network '${name}' has too few addresses: its subnet has ${room}, and ${need}`, {
    cure: 'give it a larger subnet (ipam.config.subnet), or none to have one chosen',
    details: wanted.map(({ service, tasks: count }) => `service ${service.name}: ${count} ${count === 1 ? 'task' : 'tasks'}`),
  });
}

/** It publishes a port, which every node answers, or runs on every node. */
function isOnEveryNode({ mode, ports }: ServiceSpec): boolean {
  return mode.kind.startsWith('global') || ports.some((port) => port.mode === 'ingress');
}
