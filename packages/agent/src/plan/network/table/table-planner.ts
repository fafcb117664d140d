import type { NetworkAssignment, ServiceEndpoints } from '@tessera/api';
import { sameItems } from '../../../model/same-items.js';
import type { ServiceChange } from '../../../model/service-change.js';
import { type Family, IPV4 } from '../family.js';
import type { Fragment, FragmentChanges, Fragments } from './fragment.js';
import { networkFragment, nodeFragment } from './network-fragment.js';
import { serviceFragment } from './service-fragment.js';

/**
 * The fragments of the node's networks and services in the table of one family; none when no network has addresses of it. A change costs what
 * changes: items of the desired set are never altered, only replaced, and what is the same object is not looked at.
 */
export class TablePlanner {
  readonly #fragments = new Map<string, Fragment>();
  #networks: readonly NetworkAssignment[] = [];
  /** Those that have addresses of the family. */
  readonly #carried = new Map<string, NetworkAssignment>();
  /** By the ids of their networks, also of such as are not carried or not known yet. */
  readonly #services = new Map<string, Map<string, ServiceEndpoints>>();

  /** @param address of the node, as its peers know it */
  constructor(
    readonly family: Family,
    private readonly address: string,
  ) {}

  /** As of the last change. */
  get fragments(): Fragments {
    return this.#fragments;
  }

  /**
   * @param networks all that there are
   * @returns which fragments are others than before
   */
  change(networks: readonly NetworkAssignment[], services: readonly ServiceChange[]): FragmentChanges {
    const changes: FragmentChanges = new Map();
    this.#changeNetworks(changes, networks);
    for (const change of services) this.#changeService(changes, change);
    return changes;
  }

  #changeNetworks(changes: FragmentChanges, networks: readonly NetworkAssignment[]): void {
    if (sameItems(networks, this.#networks)) return;
    this.#networks = networks;
    const carried = new Map(networks.flatMap((network) => (this.family.carries(network) ? [[network.id, network]] : [])));
    for (const id of [...this.#carried.keys()]) if (!carried.has(id)) this.#putNetwork(changes, id, undefined);
    for (const [id, network] of carried) if (this.#carried.get(id) !== network) this.#putNetwork(changes, id, network);
    if (this.family === IPV4) this.#put(changes, 'node', networks.length > 0 ? nodeFragment(networks, this.address) : undefined);
  }

  #putNetwork(changes: FragmentChanges, id: string, network: NetworkAssignment | undefined): void {
    if (network) this.#carried.set(id, network);
    else this.#carried.delete(id);
    this.#put(changes, `network ${id}`, network && networkFragment(network, this.family));
    for (const service of this.#services.get(id)?.values() ?? []) this.#putService(changes, service.id, service);
  }

  #changeService(changes: FragmentChanges, { id, before, after }: ServiceChange): void {
    if (before) this.#services.get(before.networkId)?.delete(id);
    if (after) this.#onNetwork(after.networkId).set(id, after);
    if (before && this.#services.get(before.networkId)?.size === 0) this.#services.delete(before.networkId);
    this.#putService(changes, id, after);
  }

  #putService(changes: FragmentChanges, id: string, service: ServiceEndpoints | undefined): void {
    const network = service && this.#carried.get(service.networkId);
    this.#put(changes, `service ${id}`, network && serviceFragment(service, network, this.family));
  }

  #onNetwork(networkId: string): Map<string, ServiceEndpoints> {
    let services = this.#services.get(networkId);
    if (!services) this.#services.set(networkId, (services = new Map()));
    return services;
  }

  #put(changes: FragmentChanges, key: string, after: Fragment | undefined): void {
    const before = changes.has(key) ? changes.get(key)?.before : this.#fragments.get(key);
    if (after) this.#fragments.set(key, after);
    else this.#fragments.delete(key);
    if (before || after) changes.set(key, { before, after });
    else changes.delete(key);
  }
}
