import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const SETTINGS = '/proc/sys/net/ipv6/conf';

/**
 * Lets the host forward IPv6. Routers do not listen to other routers: a host that has its own address and default route from one would lose
 * them, so interfaces that listen go on doing so (`accept_ra` 2, ip-sysctl).
 */
export async function startForwarding(): Promise<void> {
  if ((await setting('all', 'forwarding')) === '1') return;
  for (const name of await readdir(SETTINGS))
    if (name !== 'all' && (await setting(name, 'accept_ra')) === '1') await writeFile(join(SETTINGS, name, 'accept_ra'), '2');
  await writeFile(join(SETTINGS, 'all', 'forwarding'), '1');
}

/** An interface may have gone meanwhile. */
async function setting(name: string, key: string): Promise<string> {
  return (await readFile(join(SETTINGS, name, key), 'utf8').catch(() => '')).trim();
}
