import { readFile } from 'node:fs/promises';

export interface HostFacts {
  name: string;
  ip: string;
  /** Where Docker listens, as its -H option would say it. */
  sockets: readonly string[];
  /** `address:port`. */
  registry: string;
  gateway: string;
  internet: boolean;
}

/** systemd-resolved's own file names the real servers where /etc/resolv.conf names a stub that hosts cannot reach. */
const RESOLV_CONFS = ['/run/systemd/resolve/resolv.conf', '/etc/resolv.conf'];

/** The files below /etc that make a host what it is, by path. */
export async function hostFiles(facts: HostFacts): Promise<Record<string, string>> {
  return {
    hostname: `${facts.name}\n`,
    hosts: `127.0.0.1 localhost\n${facts.ip} ${facts.name}\n`,
    'resolv.conf': await resolvConf(facts),
    'docker/daemon.json': `${JSON.stringify(daemonConfig(facts), null, 2)}\n`,
  };
}

function daemonConfig({ registry, sockets }: HostFacts): Record<string, unknown> {
  return {
    'live-restore': true,
    'log-level': 'warn',
    'storage-driver': 'overlay2',
    'insecure-registries': [registry],
    hosts: sockets,
  };
}

/** Without a way out, the gateway stands in as name server: it refuses at once, where none at all would mean a time-out. */
async function resolvConf({ internet, gateway }: HostFacts): Promise<string> {
  const refusing = `nameserver ${gateway}\n`;
  if (!internet) return refusing;
  for (const path of RESOLV_CONFS) {
    const servers = usableServers(await readFile(path, 'utf8').catch(() => ''));
    if (servers.length > 0) return servers.map((server) => `nameserver ${server}\n`).join('');
  }
  return refusing;
}

/** The name servers of a resolv.conf(5) that can be reached from another network namespace. */
export function usableServers(resolvConf: string): string[] {
  const servers = [...resolvConf.matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, server = '']) => server);
  return servers.filter((server) => !server.startsWith('127.') && server !== '::1');
}
