import type { Endpoint, ServiceEndpoints } from '@tessera/api';
import { FAMILIES } from '../plan/network/family.js';

/** The addresses that services were balanced over when last looked at. */
export class Backends {
  #services: ReadonlyMap<string, ServiceEndpoints> = new Map();

  /** Takes over the services as they are now. @returns addresses that some service was balanced over and none is any more */
  replace(services: readonly ServiceEndpoints[]): string[] {
    const before = this.#services;
    const after = new Map(services.map((service) => [service.id, service]));
    this.#services = after;
    const changed = [...before].filter(([id, service]) => after.get(id) !== service);
    return changed.flatMap(([id, service]) => {
      const kept = new Set(after.get(id)?.endpoints.flatMap(addressesOf));
      return service.endpoints.flatMap(addressesOf).filter((address) => !kept.has(address));
    });
  }
}

function addressesOf(endpoint: Endpoint): string[] {
  return FAMILIES.flatMap((family) => family.addressOf(endpoint) ?? []);
}
