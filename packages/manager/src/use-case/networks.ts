import { ApiError, type Network, type NetworkDetail, type NetworkSpec, type NetworkUse } from '@tessera/api';
import { newId } from '@tessera/kit';
import { networkUsage } from '../plan/network-usage.js';
import { commitPlan, type Unit } from './commit.js';
import type { UseCaseContext } from './context.js';
import { changeNetwork } from './network-change.js';
import { refuseExhaustion } from './network-space.js';
import { resolve } from './references.js';

export function listNetworks({ store: { view } }: UseCaseContext): Network[] {
  return [...view.all('networks')].sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
}

/** The use of each network, in no order. */
export function listNetworkUse({ store: { view } }: UseCaseContext): NetworkUse[] {
  return [...view.all('networks')].map((network) => {
    const { used, free, encrypted } = networkUsage(view, network);
    return { networkId: network.id, used, free, encrypted };
  });
}

/** A network and what it has given out. @throws ApiError `not-found` or `ambiguous`. */
export function getNetwork({ store: { view } }: UseCaseContext, ref: string): NetworkDetail {
  const network = resolve(view, 'networks', ref);
  return { network, usage: networkUsage(view, network) };
}

/** @throws ApiError `already-exists`, `in-use`, `invalid-spec` or `exhausted`. */
export async function createNetwork(context: UseCaseContext, spec: NetworkSpec): Promise<Network> {
  const { clock, random, store } = context;
  refuseExhaustion(store.view, { networks: [spec], services: [], removed: new Set() });
  const network = changeNetwork(store.view, spec, undefined, { now: clock.now(), newId: () => newId(random) });
  await commitPlan(context, () => ({ units: [[{ type: 'put', kind: 'networks', object: network, expect: 'absent' }]], result: undefined }));
  return store.view.get('networks', network.id) ?? network;
}

/** @throws ApiError `not-found`, `ambiguous`, or `in-use` naming the services. */
export async function removeNetwork(context: UseCaseContext, ref: string): Promise<void> {
  await commitPlan(context, (view) => {
    const { id, revision, spec } = resolve(view, 'networks', ref);
    const users = [...view.servicesOfNetwork(spec.name)].map((service) => service.spec.name);
    if (users.length > 0) {
      throw new ApiError('in-use', `network '${spec.name}' is used by ${users.length === 1 ? 'a service' : `${users.length} services`}`, {
        cure: 'remove it from them first',
        details: users,
      });
    }
    const units: Unit[] = [[{ type: 'delete', kind: 'networks', id, expect: { revision } }]];
    return { units, result: undefined };
  });
}
