/** What a watcher saw on its host; `at` in milliseconds since 1970, by the machine's clock, which all hosts of a bed share. */
export type Sighting =
  | { what: 'map' | 'names'; at: number; addresses: string[] }
  | { what: 'started' | 'ended'; at: number; container: string };

export type HostSightings = readonly Sighting[];

/** How long a change at one task took to be in one place. */
export interface Delay {
  change: 'ready' | 'gone';
  place: 'map' | 'names';
  /** Milliseconds until it was there on the last of the hosts. */
  ms: number;
}

/**
 * The delays of all changes. A change counts as there from the first sighting after it that has the address, or has it no more. What came before the
 * event itself was read counts as 0: the engine tells of a start a little after it.
 * @param addresses by container
 * @throws Error when a change was not seen on some host
 */
export function delaysOf(hosts: readonly HostSightings[], addresses: ReadonlyMap<string, string>): Delay[] {
  const delays: Delay[] = [];
  for (const sighting of hosts.flat()) {
    if (sighting.what !== 'started' && sighting.what !== 'ended') continue;
    const address = addresses.get(sighting.container);
    if (address === undefined) continue;
    const isReady = sighting.what === 'started';
    for (const place of ['map', 'names'] as const) {
      const ms = Math.max(...hosts.map((host) => arrival(host, place, address, isReady, sighting.at) - sighting.at));
      delays.push({ change: isReady ? 'ready' : 'gone', place, ms: Math.max(0, ms) });
    }
  }
  return delays;
}

function arrival(host: HostSightings, place: 'map' | 'names', address: string, isWanted: boolean, from: number): number {
  let current = false;
  for (const sighting of host) {
    if (sighting.what !== place) continue;
    if (sighting.at > from && current === isWanted) return from;
    current = sighting.addresses.includes(address);
    if (sighting.at > from && current === isWanted) return sighting.at;
  }
  if (current === isWanted) return from;
  throw new Error(`${address} was never ${isWanted ? 'in' : 'out of'} the ${place} of a host`);
}
