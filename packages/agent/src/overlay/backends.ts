import type { ServiceEndpoints } from '@tessera/api';

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
      const kept = new Set(after.get(id)?.endpoints.map((endpoint) => endpoint.address));
      return service.endpoints.map((endpoint) => endpoint.address).filter((address) => !kept.has(address));
    });
  }
}
