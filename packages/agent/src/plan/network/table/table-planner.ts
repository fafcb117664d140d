import type { NetworkAssignment, ServiceEndpoints } from '@tessera/api';
import type { Fragment, Fragments } from './fragment.js';
import { networkFragment, nodeFragment } from './network-fragment.js';
import { serviceFragment } from './service-fragment.js';

interface Made {
  from: readonly unknown[];
  fragment: Fragment;
}

/**
 * The fragments of the node's networks and services. What has not changed gives the very object of before, so that nothing is worked
 * out or compared twice: items of the desired set are never changed, only replaced.
 */
export class TablePlanner {
  #made = new Map<string, Made>();

  /** @param address of the node, as its peers know it */
  constructor(private readonly address: string) {}

  fragments(networks: readonly NetworkAssignment[], services: readonly ServiceEndpoints[]): Fragments {
    const made = new Map<string, Made>();
    const keep = (key: string, from: readonly unknown[], make: () => Fragment): void => {
      const before = this.#made.get(key);
      const isSame = before?.from.length === from.length && before.from.every((part, at) => part === from[at]);
      made.set(key, isSame ? before : { from, fragment: make() });
    };
    const byId = new Map(networks.map((network) => [network.id, network]));
    keep('node', networks, () => nodeFragment(networks, this.address));
    for (const network of networks) keep(`network ${network.id}`, [network], () => networkFragment(network));
    for (const service of services) {
      const network = byId.get(service.networkId);
      if (network) keep(`service ${service.id}`, [service, network], () => serviceFragment(service, network));
    }
    this.#made = made;
    return new Map([...made].map(([key, { fragment }]) => [key, fragment]));
  }
}
