import type { NetworkAssignment, ServiceEndpoints } from '@tessera/api';
import { addressesOf, FAMILIES } from '../plan/network/family.js';
import type { NetworkState } from '../ports/node-network.js';

/** The addresses that services were balanced over when last looked at. */
export class Backends {
  /** `undefined`: nobody has looked yet, and tasks may have gone while the agent was away. */
  #services: ReadonlyMap<string, ServiceEndpoints> | undefined;

  /**
   * Takes over the services as they are now.
   * @returns which addresses some service was balanced over and none is any more; `undefined` when there is no such address
   */
  replace({ networks, services }: NetworkState): IsGone | undefined {
    const before = this.#services;
    if (!before && networks.length === 0) return undefined;
    const after = new Map(services.map((service) => [service.id, service]));
    this.#services = after;
    if (!before) {
      const known = new Set(services.flatMap(tasksOf));
      return (address) => !known.has(address) && networks.some((network) => isOn(network, address));
    }
    const changed = [...before].filter(([id, service]) => after.get(id) !== service);
    const gone = changed.flatMap(([id, service]) => {
      const kept = new Set(tasksOf(after.get(id)));
      return tasksOf(service).filter((address) => !kept.has(address));
    });
    return gone.length === 0 ? undefined : (address) => gone.includes(address);
  }

  /** Those of `isGone` that no service has now: an address is given to the next task soon. */
  withoutServed(isGone: IsGone): IsGone {
    const served = new Set([...(this.#services?.values() ?? [])].flatMap(tasksOf));
    return (address) => isGone(address) && !served.has(address);
  }
}

/** What tells of an address whether no task of a service has it any more. */
export type IsGone = (address: string) => boolean;

function tasksOf(service: ServiceEndpoints | undefined): string[] {
  return service?.endpoints.flatMap(addressesOf) ?? [];
}

function isOn(network: NetworkAssignment, address: string): boolean {
  return FAMILIES.some((family) => family.carries(network) && family.isIn(family.addressing(network).subnet, address));
}
