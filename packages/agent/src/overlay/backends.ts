import type { NetworkAssignment, ServiceEndpoints } from '@tessera/api';
import type { ServiceChange } from '../model/service-change.js';
import { Tally } from '../model/tally.js';
import { addressesOf, FAMILIES } from '../plan/network/family.js';

/** What tells of an address whether no task of a service has it any more. */
export type IsGone = (address: string) => boolean;

/** The addresses that services are balanced over, and those that ceased to be. */
export class Backends {
  readonly #served = new Tally<string>();
  #gone = new Set<string>();
  /** Nobody has looked yet, and tasks may have gone while the agent was away. */
  #isFirst = true;

  change(changes: readonly ServiceChange[]): void {
    for (const { after } of changes) for (const address of tasksOf(after)) this.#served.add(address);
    for (const { before } of changes)
      for (const address of tasksOf(before)) {
        this.#served.remove(address);
        this.#gone.add(address);
      }
  }

  /** Addresses that services were balanced over at the last call, and none is any more; `undefined` when there is no such address. */
  takeGone(networks: readonly NetworkAssignment[]): IsGone | undefined {
    const gone = this.#gone;
    this.#gone = new Set();
    if (this.#isFirst) {
      this.#isFirst = networks.length === 0;
      return this.#isFirst ? undefined : this.unserved((address) => networks.some((network) => isOn(network, address)));
    }
    for (const address of gone) if (this.#served.has(address)) gone.delete(address);
    return gone.size === 0 ? undefined : (address) => gone.has(address);
  }

  /** Those of `isGone` that no service has at the moment it is asked: an address is given to the next task soon. */
  unserved(isGone: IsGone): IsGone {
    return (address) => isGone(address) && !this.#served.has(address);
  }
}

function tasksOf(service: ServiceEndpoints | undefined): string[] {
  return service?.endpoints.flatMap(addressesOf) ?? [];
}

function isOn(network: NetworkAssignment, address: string): boolean {
  return FAMILIES.some((family) => family.carries(network) && family.isIn(family.addressing(network).subnet, address));
}
