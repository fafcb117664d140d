import type { Bed } from '@tessera/bed';
import { commandOutput, onHost } from './test-bed.js';

/** The machine on the hosts' own network: a client outside of the cluster. */
export const MACHINE_IPV6 = 'fd02::1';

/** Address of the host with this number. */
export function hostIpv6(at: number): string {
  return `fd02::1${at + 1}`;
}

/** Gives hosts and machine IPv6 addresses on the hosts' own network. They go with the bed. */
export async function giveIpv6(bed: Bed): Promise<void> {
  for (const [at, host] of bed.hosts.entries()) await onHost(host, 'ip', 'address', 'add', `${hostIpv6(at)}/64`, 'dev', 'eth0', 'nodad');
  const route = await commandOutput('ip', ['-o', 'route', 'get', bed.hosts[0]?.ip ?? '']);
  await commandOutput('ip', ['address', 'add', `${MACHINE_IPV6}/64`, 'dev', / dev (\S+)/.exec(route)?.[1] ?? '', 'nodad']);
}
