import type { NetworkAssignment, ServiceEndpoints } from '@tessera/api';
import { type Family, IPV4 } from '../family.js';
import type { Fragment, Fragments } from './fragment.js';
import { networkFragment, nodeFragment } from './network-fragment.js';
import { serviceFragment } from './service-fragment.js';

interface Made {
  from: readonly unknown[];
  fragment: Fragment;
}

/**
 * The fragments of the node's networks and services in the table of one family; none when no network has addresses of it. What has not changed gives the very object of before, so that nothing is worked
 * out or compared twice: items of the desired set are never changed, only replaced.
 */
export class TablePlanner {
  #made = new Map<string, Made>();

  /** @param address of the node, as its peers know it */
  constructor(
    readonly family: Family,
    private readonly address: string,
  ) {}

  fragments(networks: readonly NetworkAssignment[], services: readonly ServiceEndpoints[]): Fragments {
    const made = new Map<string, Made>();
    const keep = (key: string, from: readonly unknown[], make: () => Fragment): void => {
      const before = this.#made.get(key);
      const isSame = before?.from.length === from.length && before.from.every((part, at) => part === from[at]);
      made.set(key, isSame ? before : { from, fragment: make() });
    };
    const { family } = this;
    const byId = new Map(networks.flatMap((network) => (family.carries(network) ? [[network.id, network]] : [])));
    if (family === IPV4) keep('node', networks, () => nodeFragment(networks, this.address));
    for (const network of byId.values()) keep(`network ${network.id}`, [network], () => networkFragment(network, family));
    for (const service of services) {
      const network = byId.get(service.networkId);
      if (network) keep(`service ${service.id}`, [service, network], () => serviceFragment(service, network, family));
    }
    this.#made = made;
    return new Map([...made].map(([key, { fragment }]) => [key, fragment]));
  }
}
