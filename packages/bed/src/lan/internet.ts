import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addressPlan } from '../plan/address-plan.js';
import { natTableName, uplinkName } from '../plan/names.js';
import { capture, run } from '../run/run.js';

const IP_FORWARD = '/proc/sys/net/ipv4/ip_forward';

/** Lets a LAN reach the outside through the machine. What it changes there is recorded in the state directory first. */
export async function openInternet(devDir: string, subnet: number): Promise<void> {
  const before = await readFile(IP_FORWARD, 'utf8');
  await writeFile(forwardRecord(devDir), before, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    // Another cluster has recorded it: what stands there now is ours already.
    if (error.code !== 'EEXIST') throw error;
  });
  await run(['nft', '-f', '-'], { input: natTable(subnet) });
  if (await dockerFilters()) for (const rule of dockerExceptions(subnet)) await run(['iptables', '-w', '-I', ...rule]);
  await writeFile(IP_FORWARD, '1');
}

/**
 * Removes a LAN's rules; the last one restores the machine's forwarding. Idempotent.
 * @param othersRemain whether another cluster still needs forwarding.
 */
export async function closeInternet(devDir: string, subnet: number, othersRemain: boolean): Promise<void> {
  const tables = await capture(['nft', 'list', 'tables', 'ip']);
  const name = natTableName(subnet);
  if (tables.stdout.split('\n').includes(`table ip ${name}`)) await run(['nft', 'delete', 'table', 'ip', name]);
  if (await dockerFilters()) {
    // A rule that was never made is no error here.
    for (const rule of dockerExceptions(subnet)) await capture(['iptables', '-w', '-D', ...rule]);
  }
  if (!othersRemain) await restoreForwarding(devDir);
}

/** Whether the machine itself has a way to the outside. */
export async function hasDefaultRoute(): Promise<boolean> {
  return (await run(['ip', '-4', 'route', 'show', 'default'])).stdout.trim() !== '';
}

async function restoreForwarding(devDir: string): Promise<void> {
  const record = forwardRecord(devDir);
  const before = await readFile(record, 'utf8').catch(() => undefined);
  if (before === undefined) return;
  await writeFile(IP_FORWARD, before);
  await rm(record, { force: true });
}

function forwardRecord(devDir: string): string {
  return join(devDir, '.ip-forward-before');
}

/** Whether the machine's own Docker drops what is forwarded: then it has the chain for exceptions. */
async function dockerFilters(): Promise<boolean> {
  return (await capture(['iptables', '-w', '-n', '-L', 'DOCKER-USER'])).code === 0;
}

/** iptables arguments after the verb: what the LAN begins may go out, and its answers in. */
function dockerExceptions(subnet: number): string[][] {
  const link = uplinkName(subnet);
  return [
    ['DOCKER-USER', '-i', link, '-j', 'ACCEPT'],
    ['DOCKER-USER', '-o', link, '-m', 'conntrack', '--ctstate', 'RELATED,ESTABLISHED', '-j', 'ACCEPT'],
  ];
}

/** The machine's outer link may have a smaller MTU than the LAN: TCP is told so from the start. */
function natTable(subnet: number): string {
  const { network } = addressPlan(subnet);
  return `table ip ${natTableName(subnet)} {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${network} oifname != "${uplinkName(subnet)}" masquerade
  }
  chain forward {
    type filter hook forward priority mangle; policy accept;
    ip saddr ${network} tcp flags syn tcp option maxseg size set rt mtu
  }
}
`;
}
