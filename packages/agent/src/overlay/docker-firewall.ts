import { writeFile } from 'node:fs/promises';
import { BRIDGE_PREFIX, VXLAN_PREFIX } from '../plan/network/names.js';
import { run } from './run.js';

/** Programs of the firewalls that Docker uses, one of each family. */
export const FIREWALLS = ['iptables', 'ip6tables'] as const;
export type Firewall = (typeof FIREWALLS)[number];

/** The firewall rules that Docker looks at before its own. All four directions are needed; `+` is iptables' wildcard. */
const DOCKER_RULES = [BRIDGE_PREFIX, VXLAN_PREFIX].flatMap((prefix) => ['-i', '-o'].map((direction) => [direction, `${prefix}+`]));
const RULE_TAIL = ['-m', 'comment', '--comment', 'tessera', '-j', 'ACCEPT'];

/** Lets the agent's interfaces pass Docker's own firewall. Does nothing where that is so already. */
export async function openDockerFirewall(firewall: Firewall): Promise<void> {
  const there = await filterRules(firewall);
  // Docker makes both when it starts; a firewall that was flushed or loaded anew since has them no more.
  if (!there.includes('-N DOCKER-USER')) await call(firewall, '-N', 'DOCKER-USER');
  if (!there.includes('-A FORWARD -j DOCKER-USER')) await call(firewall, '-I', 'FORWARD', '-j', 'DOCKER-USER');
  for (const rule of DOCKER_RULES) if (!hasRule(there, rule)) await call(firewall, '-I', 'DOCKER-USER', ...rule, ...RULE_TAIL);
}

/** Takes that back. */
export async function closeDockerFirewall(firewall: Firewall): Promise<void> {
  const isThere = async (rule: readonly string[]): Promise<boolean> => hasRule(await filterRules(firewall), rule);
  for (const rule of DOCKER_RULES) while (await isThere(rule)) await call(firewall, '-D', 'DOCKER-USER', ...rule, ...RULE_TAIL);
}

/** Whether what is forwarded may be refused: older engines leave IPv6 alone. */
export async function filtersForwarded(firewall: Firewall): Promise<boolean> {
  return (await filterRules(firewall)).some((line) => line === '-N DOCKER-USER' || line === '-P FORWARD DROP');
}

/** Translated addresses must be translated back also between two containers of one bridge. */
export async function filterBridged(firewall: Firewall): Promise<void> {
  const file = `/proc/sys/net/bridge/bridge-nf-call-${firewall}`;
  await writeFile(file, '1').catch(async () => {
    await run('modprobe', ['br_netfilter']);
    await writeFile(file, '1');
  });
}

function call(firewall: Firewall, ...args: string[]): Promise<string> {
  return run(firewall, ['-w', ...args]);
}

/** Rules of the filter table, a line each. */
async function filterRules(firewall: Firewall): Promise<string[]> {
  return (await call(firewall, '-S')).split('\n');
}

function hasRule(listed: readonly string[], rule: readonly string[]): boolean {
  return listed.some((line) => line.startsWith(`-A DOCKER-USER ${rule.join(' ')} `) && line.includes('tessera'));
}
