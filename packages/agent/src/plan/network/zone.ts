import type { ServiceEndpoints } from '@tessera/api';

/** Addresses by lower-case name, by network. A name without ready tasks is there with no address. */
export type Zone = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;

/**
 * Names that containers can ask for, for each network:
 * the service by its short name, its full name, `short.stack` and its aliases; `tasks.` before each of these; and
 * `<slot>.` before each for one replica.
 */
export function buildZone(services: readonly ServiceEndpoints[]): Zone {
  const zone = new Map<string, Map<string, string[]>>();
  for (const service of services) {
    let names = zone.get(service.networkId);
    if (!names) zone.set(service.networkId, (names = new Map()));
    for (const base of baseNames(service)) {
      addTo(names, base, addressesOf(service));
      addTo(names, `tasks.${base}`, addressesOf(service));
      for (const endpoint of service.endpoints) {
        if (endpoint.slot !== undefined) addTo(names, `${endpoint.slot}.${base}`, [endpoint.address]);
      }
    }
  }
  return zone;
}

/** Addresses of a name as seen from some networks, or `undefined` when none of them knows it. A final dot is ignored. */
export function lookUp(zone: Zone, networkIds: readonly string[], name: string): string[] | undefined {
  const wanted = name.toLowerCase().replace(/\.$/, '');
  for (const networkId of networkIds) {
    const addresses = zone.get(networkId)?.get(wanted);
    if (addresses) return [...addresses];
  }
  return undefined;
}

function baseNames(service: ServiceEndpoints): Set<string> {
  const names = [service.shortName, service.serviceName, ...service.aliases];
  if (service.stack !== undefined) names.push(`${service.shortName}.${service.stack}`);
  return new Set(names.map((name) => name.toLowerCase()));
}

function addressesOf(service: ServiceEndpoints): string[] {
  return service.endpoints.map((endpoint) => endpoint.address);
}

function addTo(names: Map<string, string[]>, name: string, addresses: readonly string[]): void {
  const held = names.get(name);
  if (held) held.push(...addresses);
  else names.set(name, [...addresses]);
}
