import type { Bed, Host } from '@tessera/bed';
import { onHost } from './test-bed.js';

/** A container of a service, where it runs. */
export interface StackContainer {
  host: Host;
  id: string;
  /** Addresses of one family by the networks' names without the stack; empty where a network has none of it. */
  addresses: Record<string, string>;
}

/** The running containers of a service of a stack. @param family whose addresses, by Docker's name for them */
export async function stackContainers(
  bed: Bed,
  stack: string,
  service: string,
  family: 'IPAddress' | 'GlobalIPv6Address',
): Promise<StackContainer[]> {
  const label = `label=tessera.service-name=${stack}_${service}`;
  const containers = await Promise.all(
    bed.hosts.map(async (host) => {
      const ids = (await onHost(host, 'docker', 'ps', '-q', '--filter', label)).split('\n').filter(Boolean);
      return Promise.all(ids.map(async (id) => ({ host, id, addresses: await addressesOf(host, id, stack, family) })));
    }),
  );
  return containers.flat();
}

async function addressesOf(host: Host, id: string, stack: string, family: string): Promise<Record<string, string>> {
  const text = await onHost(host, 'docker', 'inspect', '-f', '{{json .NetworkSettings.Networks}}', id);
  const networks = JSON.parse(text) as Record<string, Record<string, string>>;
  const around = new RegExp(`^tessera[._]${stack}_|--\\d+$`, 'g');
  return Object.fromEntries(Object.entries(networks).map(([name, plug]) => [name.replace(around, ''), plug[family] ?? '']));
}
