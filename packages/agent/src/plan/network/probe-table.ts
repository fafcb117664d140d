import type { VxlanCount } from '@tessera/api';

/** nftables table that is there while a doctor looks, and no longer. */
export const PROBE_TABLE = 'tessera-doctor';

/**
 * Counts packets to a UDP port by sender, twice: as they come, before any firewall, and where the host takes them, behind all of them.
 * What is missing on the way from one to the other, the host's own rules have dropped.
 */
export function probeTable(port: number): string {
  const set = (name: string): string => `  set ${name} { type ipv4_addr; flags dynamic; size 4096; counter; }`;
  return [
    `table ip ${PROBE_TABLE}`,
    `delete table ip ${PROBE_TABLE}`,
    `table ip ${PROBE_TABLE} {`,
    set('arrived'),
    set('taken'),
    '  chain arriving {',
    '    type filter hook prerouting priority raw - 50; policy accept;',
    `    udp dport ${port} update @arrived { ip saddr counter }`,
    '  }',
    '  chain taking {',
    '    type filter hook input priority 300; policy accept;',
    `    udp dport ${port} update @taken { ip saddr counter }`,
    '  }',
    '}',
    '',
  ].join('\n');
}

export function noProbeTable(): string {
  return `table ip ${PROBE_TABLE}\ndelete table ip ${PROBE_TABLE}\n`;
}

interface Listing {
  nftables: { set?: { name: string; elem?: { elem?: { val?: string; counter?: { packets?: number } } }[] } }[];
}

/** Reads `nft -j list table`. */
export function countsOf(json: string): VxlanCount[] {
  const counts = new Map<string, VxlanCount>();
  for (const { set } of (JSON.parse(json) as Listing).nftables) {
    if (set?.name !== 'arrived' && set?.name !== 'taken') continue;
    for (const { elem } of set.elem ?? []) {
      if (elem?.val === undefined) continue;
      const count = counts.get(elem.val) ?? { address: elem.val, arrived: 0, taken: 0 };
      count[set.name] = elem.counter?.packets ?? 0;
      counts.set(elem.val, count);
    }
  }
  return [...counts.values()];
}
