import type { Family } from './family.js';

/** Apart from the main tables: it stays when those are loaded anew, and is there only once a flow had to be moved. */
const MOVED_TABLE = 'tessera-moved';

/**
 * Connection tracking zones of moved flows, above those of peers (`zoneOf`): each time that a flow moves it takes the next one, so that it meets no entry
 * of its own that the kernel has not forgotten yet.
 */
const FIRST_ZONE = 0xf000;
const LAST_ZONE = 0xfffe;
/**
 * A moved flow is kept in its zone as long as it sends something so often; the kernel forgets flows after two minutes (`nf_conntrack_udp_timeout_stream`).
 * nft 1.0 has too few registers to note that a flow of IPv6 has sent something: it is kept for so long in all, and then balanced anew once more.
 */
const KEPT_S: Record<Family['name'], number> = { ip: 300, ip6: 3_600 };
const MAX_FLOWS = 65_535;

/** A flow of datagrams that was balanced. */
export interface BalancedFlow {
  /** Source and destination of its first datagram, as nft writes an element of the map. */
  key: string;
  /** Address of the task that it goes to. */
  task: string;
  zone: number;
}

/** Of a line of `conntrack -L`: who asked whom, in which zone, and who answers. */
const LISTED = /\bsrc=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)(.*?)\bsrc=(\S+)/;

/** The flows that `conntrack -L -p udp` listed, as they are now: what a moved flow was before may be listed as well. */
export function balancedFlows(listed: string): BalancedFlow[] {
  const flows = new Map<string, BalancedFlow>();
  for (const line of listed.split('\n')) {
    const [, source, destination, sourcePort, destinationPort, between = '', task = ''] = LISTED.exec(line) ?? [];
    if (source === undefined) continue;
    const key = `${source} . ${sourcePort} . ${destination} . ${destinationPort}`;
    const zone = Number(/zone-orig=(\d+)/.exec(between)?.[1] ?? 0);
    if (zone >= (flows.get(key)?.zone ?? 0)) flows.set(key, { key, task, zone });
  }
  return [...flows.values()];
}

/**
 * A script for `nft -f` that has the next datagrams of these flows tracked in another zone, where the kernel knows no task for them and chooses one anew.
 * What was tracked so far stays: answers under way are translated by it.
 */
export function movingScript({ name: family }: Family, flows: readonly BalancedFlow[]): string {
  const moved = flows.filter(({ zone }) => zone >= FIRST_ZONE);
  const add = (key: string, zone: number): string =>
    `add element ${family} ${MOVED_TABLE} flows { ${key} timeout ${KEPT_S[family]}s : ${zone} }`;
  return [
    ...table(family),
    // It is as it was if it is there, so that it can be removed whether or not its time is just over.
    ...moved.map(({ key, zone }) => add(key, zone)),
    ...moved.map(({ key }) => `delete element ${family} ${MOVED_TABLE} flows { ${key} }`),
    ...flows.map(({ key, zone }) => add(key, nextZone(zone))),
    '',
  ].join('\n');
}

/** Removes the table, whether or not it is there. */
export function noMovedFlows({ name }: Family): string {
  return `table ${name} ${MOVED_TABLE}\ndelete table ${name} ${MOVED_TABLE}\n`;
}

function nextZone(zone: number): number {
  return zone < FIRST_ZONE || zone >= LAST_ZONE ? FIRST_ZONE : zone + 1;
}

/** As it is, or made: its flows stay. */
function table(family: Family['name']): string[] {
  // The four values by which a datagram is known before it is translated.
  const key = `${family} saddr . udp sport . ${family} daddr . udp dport`;
  const take = `meta l4proto udp ct original zone set ${key} map @flows`;
  const isMoved = `meta l4proto udp ct direction original ct original zone ${FIRST_ZONE}-${LAST_ZONE}`;
  const keep = family === 'ip' ? [`${isMoved} update @flows { ${key} timeout ${KEPT_S.ip}s : ct original zone }`] : [];
  const chains: Array<[string, string, readonly string[]]> = [
    ['take', 'prerouting priority raw', [take]],
    ['take-own', 'output priority raw', [take]],
    ['keep', 'prerouting priority mangle', keep],
    ['keep-own', 'output priority mangle', keep],
  ];
  return [
    `table ${family} ${MOVED_TABLE} {`,
    `  map flows { typeof ${key} : ct zone; flags dynamic,timeout; size ${MAX_FLOWS}; }`,
    ...chains.map(([name, hook]) => `  chain ${name} { type filter hook ${hook}; policy accept; }`),
    '}',
    ...chains.map(([name]) => `flush chain ${family} ${MOVED_TABLE} ${name}`),
    ...chains.flatMap(([name, , rules]) => rules.map((rule) => `add rule ${family} ${MOVED_TABLE} ${name} ${rule}`)),
  ];
}
