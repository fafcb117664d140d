import { writeFile } from 'node:fs/promises';
import type { LinkStep, OverlayLink, PeerEntry } from '../plan/network/links.js';
import { BRIDGE_PREFIX, VXLAN_PREFIX } from '../plan/network/names.js';
import { RETURN_PRIORITY, type ReturnWay } from '../plan/network/returns.js';
import { TABLE } from '../plan/network/table/fragment.js';
import type { Underlay } from '../plan/network/underlay.js';
import { type HostRoute, underlayMtu } from '../plan/network/underlay.js';
import type { KernelNetwork } from '../ports/kernel.js';
import { run } from './run.js';

interface IpLink {
  ifname: string;
  mtu: number;
  address: string;
  linkinfo?: { info_data?: { id: number; local?: string; link?: string } };
}
interface IpAddress {
  ifname: string;
  mtu: number;
  addr_info: { local: string }[];
}
interface IpNeighbour {
  dst: string;
  dev: string;
  lladdr?: string;
}
interface IpRoute {
  dst: string;
  gateway?: string;
  dev: string;
  prefsrc?: string;
  metrics?: { mtu?: number }[];
}
interface IpRule {
  priority: number;
  iif?: string;
  fwmark?: string;
}
interface BridgePort {
  ifname: string;
  master?: string;
  hairpin?: boolean;
}
interface BridgeEntry {
  mac: string;
  ifname: string;
  dst?: string;
}

/** The firewall rules that Docker looks at before its own. All four directions are needed; `+` is iptables' wildcard. */
const DOCKER_RULES = [BRIDGE_PREFIX, VXLAN_PREFIX].flatMap((prefix) => ['-i', '-o'].map((direction) => [direction, `${prefix}+`]));
const RULE_TAIL = ['-m', 'comment', '--comment', 'tessera', '-j', 'ACCEPT'];

/** Connections that are there, or will be in a moment: the task has answered their first packet. */
const OPEN_STATES = / (ESTABLISHED|SYN_RECV) /;
/** What would be sent to its task for ever: datagrams, and the first packet of a connection, sent again because nobody answers it. */
const FORGETTABLE = [
  ['-p', 'udp'],
  ['-p', 'tcp', '--state', 'SYN_SENT'],
];
/** In a line of conntrack's list: who answers, behind who asked. */
const REPLY_SOURCE = /\bsrc=.*\bsrc=(\S+)/g;

/** {@link KernelNetwork} through iproute2, nftables and iptables. */
export class IprouteKernel implements KernelNetwork {
  async underlay(address: string, peers: readonly string[]): Promise<Underlay> {
    const [devices, routes] = await Promise.all([
      this.#json<IpAddress>('ip', ['-j', 'address', 'show']),
      this.#json<IpRoute>('ip', ['-j', '-4', 'route', 'show']),
    ]);
    const device = devices.find((candidate) => candidate.addr_info.some((info) => info.local === address));
    if (!device) throw new Error(`no interface of this host has the address ${address}; give the right one with --advertise-address`);
    const mtuOf = (name: string): number | undefined => devices.find(({ ifname }) => ifname === name)?.mtu;
    return { address, device: device.ifname, mtu: underlayMtu(device.mtu, peers, routes.map(toHostRoute), mtuOf) };
  }

  async links(): Promise<OverlayLink[]> {
    const links = (await this.#json<IpLink>('ip', ['-j', '-d', 'link', 'show', 'type', 'vxlan'])).filter((link) =>
      link.ifname.startsWith(VXLAN_PREFIX),
    );
    if (links.length === 0) return [];
    const [neighbours, routes, entries] = await Promise.all([
      this.#json<IpNeighbour>('ip', ['-j', '-4', 'neigh', 'show', 'nud', 'permanent']),
      this.#json<IpRoute>('ip', ['-j', '-4', 'route', 'show']),
      this.#json<BridgeEntry>('bridge', ['-j', 'fdb', 'show']),
    ]);
    return links.map((link) => toOverlayLink(link, neighbours, routes, entries));
  }

  async applyLinks(steps: readonly LinkStep[]): Promise<void> {
    // Runs of the same tool go in one batch; their order among each other is kept.
    for (let start = 0; start < steps.length; ) {
      const tool = steps[start]?.tool as LinkStep['tool'];
      let end = start;
      while (steps[end]?.tool === tool) end++;
      const batch = steps.slice(start, end).map((step) => `${step.line}\n`);
      await run(tool, ['-force', '-batch', '-'], batch.join(''));
      start = end;
    }
  }

  async answerForOthers(bridges: readonly string[]): Promise<void> {
    for (const bridge of bridges) {
      await writeFile(`/proc/sys/net/ipv4/conf/${bridge}/proxy_arp`, '1');
      // The kernel would wait up to 0.8 s, so that the true owner of an address could answer first; there is none here.
      await writeFile(`/proc/sys/net/ipv4/neigh/${bridge}/proxy_delay`, '0');
    }
  }

  async bridges(): Promise<string[]> {
    const links = await this.#json<IpLink>('ip', ['-j', 'link', 'show', 'type', 'bridge']);
    return links.map((link) => link.ifname).filter((name) => name.startsWith(BRIDGE_PREFIX));
  }

  async allowHairpin(): Promise<void> {
    const ports = await this.#json<BridgePort>('bridge', ['-j', '-d', 'link', 'show']);
    const lacking = ports.filter(({ master, hairpin }) => master?.startsWith(BRIDGE_PREFIX) && hairpin !== true);
    if (lacking.length === 0) return;
    const lines = lacking.map(({ ifname }) => `link set dev ${ifname} hairpin on\n`);
    // A container may have ended meanwhile.
    await run('bridge', ['-force', '-batch', '-'], lines.join('')).catch(() => {});
  }

  async returnRules(): Promise<ReturnWay[]> {
    const rules = await this.#json<IpRule>('ip', ['-j', '-4', 'rule', 'show', 'priority', String(RETURN_PRIORITY)]);
    return rules.map(({ iif = '', fwmark = '0' }) => ({ bridge: iif, mark: Number(fwmark) }));
  }

  /**
   * Loose, if at all: the larger of the device's own value and that of `all` counts, and 2 is loose (ip-sysctl). A device without any address
   * fails the loose check as well (fib_validate_source), so each has the gateway's, which is local to the node in any case.
   */
  async takeForeignSources(links: readonly Pick<OverlayLink, 'vxlan' | 'gateway'>[]): Promise<void> {
    for (const { vxlan } of links) await writeFile(`/proc/sys/net/ipv4/conf/${vxlan}/rp_filter`, '2');
    await this.applyLinks(
      links.map(({ vxlan, gateway }) => ({ tool: 'ip', line: `address replace ${gateway}/32 dev ${vxlan} noprefixroute` })),
    );
  }

  async applyRuleset(script: string): Promise<void> {
    await run('nft', ['-f', '-'], script);
  }

  /** Without the elements of sets, which are what takes long to list. */
  async hasRuleset(): Promise<boolean> {
    const listed = await run('nft', ['-t', 'list', 'chain', 'ip', TABLE, 'forward']).catch((error: Error) => {
      if (/No such file/.test(error.message)) return '';
      throw error;
    });
    return listed.includes('@pairs');
  }

  async connections(addresses: readonly string[]): Promise<number> {
    const lists = await Promise.all(addresses.map((address) => conntrack('-L', '-p', 'tcp', '--reply-src', address)));
    return new Set(lists.flatMap((list) => list.split('\n').filter((line) => OPEN_STATES.test(line)))).size;
  }

  async forgetFlows(addresses: readonly string[]): Promise<void> {
    await Promise.all(FORGETTABLE.map((kind) => forget(kind, new Set(addresses))));
  }

  async hasTable(name: string): Promise<boolean> {
    return (await run('nft', ['list', 'tables', 'ip'])).split('\n').includes(`table ip ${name}`);
  }

  async openDockerFirewall(): Promise<void> {
    await writeFile('/proc/sys/net/ipv4/ip_forward', '1');
    // Published ports answer on 127.0.0.1 too.
    await writeFile('/proc/sys/net/ipv4/conf/all/route_localnet', '1');
    await this.#filterBridged();
    const there = await filterRules();
    // Docker makes both when it starts; a firewall that was flushed or loaded anew since has them no more.
    if (!there.includes('-N DOCKER-USER')) await iptables('-N', 'DOCKER-USER');
    if (!there.includes('-A FORWARD -j DOCKER-USER')) await iptables('-I', 'FORWARD', '-j', 'DOCKER-USER');
    for (const rule of DOCKER_RULES) if (!hasRule(there, rule)) await iptables('-I', 'DOCKER-USER', ...rule, ...RULE_TAIL);
  }

  async closeDockerFirewall(): Promise<void> {
    for (const rule of DOCKER_RULES) while (hasRule(await filterRules(), rule)) await iptables('-D', 'DOCKER-USER', ...rule, ...RULE_TAIL);
  }

  /** Translated addresses must be translated back also between two containers of one bridge. */
  async #filterBridged(): Promise<void> {
    const file = '/proc/sys/net/bridge/bridge-nf-call-iptables';
    await writeFile(file, '1').catch(async () => {
      await run('modprobe', ['br_netfilter']);
      await writeFile(file, '1');
    });
  }

  async #json<T>(program: string, args: string[]): Promise<T[]> {
    const text = await run(program, args);
    return text.trim() === '' ? [] : (JSON.parse(text) as T[]);
  }
}

/** One look for all addresses: most have no flow. */
async function forget(kind: readonly string[], addresses: ReadonlySet<string>): Promise<void> {
  const list = await conntrack('-L', ...kind, '--dst-nat');
  const known = new Set([...list.matchAll(REPLY_SOURCE)].map(([, address = '']) => address));
  for (const address of known) if (addresses.has(address)) await conntrack('-D', ...kind, '--dst-nat', '--reply-src', address);
}

/** Ends with 1 when it found nothing, which is no error. */
function conntrack(...args: string[]): Promise<string> {
  return run('conntrack', args).catch((error: Error) => {
    if (/\b0 flow entries/.test(error.message)) return '';
    throw error;
  });
}

function iptables(...args: string[]): Promise<string> {
  return run('iptables', ['-w', ...args]);
}

/** Rules of the filter table, a line each. */
async function filterRules(): Promise<string[]> {
  return (await iptables('-S')).split('\n');
}

function toHostRoute({ dst, dev, metrics }: IpRoute): HostRoute {
  const mtu = metrics?.find((metric) => metric.mtu !== undefined)?.mtu;
  return { dst, dev, ...(mtu !== undefined && { mtu }) };
}

function hasRule(listed: readonly string[], rule: readonly string[]): boolean {
  return listed.some((line) => line.startsWith(`-A DOCKER-USER ${rule.join(' ')} `) && line.includes('tessera'));
}

/** Puts a device together with the peers that are whole: route, next hop and forwarding entry all there. */
function toOverlayLink(link: IpLink, neighbours: IpNeighbour[], routes: IpRoute[], entries: BridgeEntry[]): OverlayLink {
  const name = link.ifname;
  const hardwareByHop = new Map(neighbours.filter((entry) => entry.dev === name).map((entry) => [entry.dst, entry.lladdr]));
  const peerByHardware = new Map(entries.filter((entry) => entry.ifname === name).map((entry) => [entry.mac, entry.dst]));
  const ownRoutes = routes.filter((route) => route.dev === name && route.gateway !== undefined);
  const peers = ownRoutes.flatMap((route): PeerEntry[] => {
    const nextHop = route.gateway as string;
    const hardwareAddress = hardwareByHop.get(nextHop);
    const peerAddress = hardwareAddress && peerByHardware.get(hardwareAddress);
    return hardwareAddress && peerAddress ? [{ block: route.dst, nextHop, hardwareAddress, peerAddress }] : [];
  });
  const vips = routes.find((route) => route.dev === name && route.gateway === undefined)?.dst;
  return {
    vxlan: name,
    vni: link.linkinfo?.info_data?.id ?? 0,
    hardwareAddress: link.address,
    mtu: link.mtu,
    localAddress: link.linkinfo?.info_data?.local ?? '',
    device: link.linkinfo?.info_data?.link ?? '',
    gateway: ownRoutes[0]?.prefsrc ?? '',
    ...(vips !== undefined && { vips }),
    peers: peers.sort((a, b) => a.block.localeCompare(b.block)),
  };
}
