import { ApiError, fileHashesOf, type Service, type ServiceDetail, type ServiceProgress, type ServiceSpec } from '@tessera/api';
import { ipv6Beside } from '@tessera/api/net/ipv6';
import { newId } from '@tessera/kit';
import { contentOf } from '../model/content.js';
import { subnetsOf } from '../model/subnet6.js';
import type { ClusterView } from '../model/view.js';
import { serviceProgress } from '../plan/progress.js';
import { commitPlan, type Unit } from './commit.js';
import type { UseCaseContext } from './context.js';
import { claimsSomething, guardedByCluster } from './deploy/plan-deploy.js';
import type { ResolveMode } from './deploy/resolve-images.js';
import { certificateProblems } from './http-certificates.js';
import { HttpLedger } from './http-ledger.js';
import { pinImages } from './image-digest.js';
import { refuseExhaustion } from './network-space.js';
import { PortLedger } from './ports.js';
import { resolve } from './references.js';
import { changeService, type ServiceChange } from './service-change.js';
import { refuseProblems, serviceProblems } from './service-rules.js';

export function listServices({ store: { view } }: UseCaseContext, query: { stack?: string }): Service[] {
  const services = query.stack === undefined ? [...view.all('services')] : [...view.servicesOfStack(query.stack)];
  return services.sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
}

export function listProgress(context: UseCaseContext, query: { stack?: string }): ServiceProgress[] {
  return listServices(context, query).map((service) => serviceProgress(context.store.view, service, context.clock.now()));
}

/** @throws ApiError `not-found` or `ambiguous`. */
export function getService({ store: { view }, clock }: UseCaseContext, ref: string): ServiceDetail {
  const service = resolve(view, 'services', ref);
  const addresses = [...view.vipsOfService(service.id)].flatMap(({ networkId, address }) => {
    const network = view.get('networks', networkId);
    const subnets = network && subnetsOf(network);
    return network ? [{ network: network.spec.name, address, ...(subnets && { address6: ipv6Beside(subnets, address) }) }] : [];
  });
  return {
    service,
    progress: serviceProgress(view, service, clock.now()),
    addresses: addresses.sort((a, b) => (a.network < b.network ? -1 : 1)),
  };
}

/**
 * @param resolve whether the image is pinned to its digest; it stays by name where no agent can tell.
 * @throws ApiError `already-exists`, `invalid-spec` or `port-in-use`.
 */
export async function createService(context: UseCaseContext, asked: ServiceSpec, resolve?: ResolveMode): Promise<Service> {
  const spec = await pinned(context, asked, resolve);
  return write(context, (view) => {
    if (view.byName('services', spec.name))
      throw new ApiError('already-exists', `a service named '${spec.name}' exists already`, {
        cure: 'choose another name, or remove it first',
      });
    return change(context, view, spec, undefined);
  });
}

export interface ServiceUpdate {
  /** Revision of the service that the spec was made from; absent: whatever is there is replaced. */
  revision?: number;
  /** Whether the image is pinned to its digest. */
  resolve?: ResolveMode;
}

/**
 * Replaces the spec.
 * @throws ApiError `conflict` when it was changed since; `not-found`, `ambiguous`, `invalid-spec` or `port-in-use`.
 */
export async function updateService(
  context: UseCaseContext,
  ref: string,
  asked: ServiceSpec,
  { revision: expected, resolve: mode }: ServiceUpdate = {},
): Promise<Service> {
  const spec = await pinned(context, asked, mode);
  return write(context, (view) => {
    const before = resolve(view, 'services', ref);
    if (expected !== undefined && before.revision !== expected) {
      throw new ApiError(
        'conflict',
        `service '${before.spec.name}' was changed since revision ${expected}: it is at revision ${before.revision} now`,
        { cure: 'read it again and repeat your change' },
      );
    }
    if (spec.name !== before.spec.name || spec.stack !== before.spec.stack)
      throw new ApiError('invalid-spec', `the name and stack of service '${before.spec.name}' cannot be changed`, {
        cure: 'create a new service',
      });
    return change(context, view, spec, before);
  });
}

/** @throws ApiError `invalid-spec` for a service whose number of tasks follows from the nodes, or from what they use. */
export function scaleService(context: UseCaseContext, ref: string, replicas: number): Promise<Service> {
  return write(context, (view) => {
    const before = resolve(view, 'services', ref);
    const { mode } = before.spec;
    if (mode.kind !== 'replicated')
      throw new ApiError(
        'invalid-spec',
        `service '${before.spec.name}' cannot be scaled: it is ${mode.kind}, and only replicated services have a number of replicas`,
        { cure: 'change how it is deployed: deploy.mode in the Compose file' },
      );
    if (before.spec.autoscale)
      throw new ApiError(
        'invalid-spec',
        `service '${before.spec.name}' is autoscaled: between ${before.spec.autoscale.min} and ${before.spec.autoscale.max} tasks by what they use`,
        { cure: 'change min and max of x-autoscale in the Compose file, or take it out' },
      );
    return change(context, view, { ...before.spec, mode: { ...mode, replicas } }, before);
  });
}

/** @throws ApiError `not-found` or `ambiguous`. */
export async function removeService(context: UseCaseContext, ref: string): Promise<{ removed: string[] }> {
  const { result } = await commitPlan(context, (view) => {
    const { id, revision, spec } = resolve(view, 'services', ref);
    return { units: [[{ type: 'delete', kind: 'services', id, expect: { revision } }]], result: { removed: [spec.name] } };
  });
  return result;
}

async function pinned(context: UseCaseContext, spec: ServiceSpec, mode: ResolveMode = 'never'): Promise<ServiceSpec> {
  const { services } = await pinImages(context, [spec], mode);
  return services[0] ?? spec;
}

async function write({ store, ...rest }: UseCaseContext, plan: (view: ClusterView) => ServiceChange): Promise<Service> {
  const { result } = await commitPlan({ store, ...rest }, (view) => {
    const planned = plan(view);
    const units: Unit[] = claimsSomething(planned.service) && planned.unit.length > 0 ? guardedByCluster(view, [planned]) : [planned.unit];
    return { units, result: planned.service };
  });
  return store.view.get('services', result.id) ?? result;
}

function change({ clock, random }: UseCaseContext, view: ClusterView, spec: ServiceSpec, before: Service | undefined): ServiceChange {
  const problems = serviceProblems(spec, { has: (kind, name) => view.byName(kind, name) !== undefined });
  refuseProblems(`service '${spec.name}'`, [...problems, ...certificateProblems(spec, (file) => contentOf(view, file))]);
  refuseExhaustion(view, { networks: [], services: [spec], removed: new Set() });
  const template = { ...spec.template, fileHashes: fileHashesOf(spec.template.container, (kind, name) => view.byName(kind, name)?.hash) };
  const changing = new Set(before ? [before.id] : []);
  new HttpLedger(view, changing).claim(spec);
  const ledger = new PortLedger(view, changing);
  const ports = ledger.allocate(spec.name, spec.ports, before);
  return changeService({ ...spec, template }, ports, before, { now: clock.now(), newId: () => newId(random) });
}
