import type { Client, NetworkSpec, Release, ServiceSpec } from '@tessera/api';

/** What a stack consists of, in a release or now. */
export interface Snapshot {
  services: readonly ServiceSpec[];
  networks: readonly NetworkSpec[];
  files: Release['files'];
}

/** @throws ApiError `not-found` with the numbers that there are. */
export async function snapshotOfRelease(client: Client, stack: string, number: number): Promise<Snapshot> {
  const { release, services } = await client.call('getRelease', { params: { ref: stack, number } });
  return { services, networks: release.networks, files: release.files };
}

/** What carries the stack's name at this moment, whoever changed it last. */
export async function snapshotOfNow(client: Client, stack: string): Promise<Snapshot> {
  const [{ services }, networks, configs, secrets] = await Promise.all([
    client.call('getStack', { params: { ref: stack } }),
    client.call('listNetworks', {}),
    client.call('listConfigs', {}),
    client.call('listSecrets', {}),
  ]);
  const file = (kind: 'configs' | 'secrets') => (one: (typeof configs)[number]) => ({
    kind,
    name: one.spec.name,
    labels: one.spec.labels,
    hash: one.hash,
  });
  const own = <T extends { spec: { stack?: string } }>(objects: readonly T[]): T[] => objects.filter(({ spec }) => spec.stack === stack);
  return {
    services: services.map(({ spec }) => spec),
    networks: own(networks).map(({ spec }) => spec),
    files: [...own(configs).map(file('configs')), ...own(secrets).map(file('secrets'))],
  };
}
