import { readFile, writeFile } from 'node:fs/promises';
import type { Family } from '../plan/network/family.js';
import {
  type BridgeNetwork,
  IPV6_METRIC,
  type Ipv6Routes,
  type LinkStep,
  type OverlayLink,
  type PeerEntry,
} from '../plan/network/links.js';
import { BRIDGE_PREFIX, bridgeName, VXLAN_PREFIX } from '../plan/network/names.js';
import { RETURN_PRIORITY, type ReturnWay } from '../plan/network/returns.js';
import { TABLE } from '../plan/network/table/fragment.js';
import type { Underlay } from '../plan/network/underlay.js';
import { type HostRoute, underlayMtu } from '../plan/network/underlay.js';
import type { KernelNetwork } from '../ports/kernel.js';
import { connections, forgetFlows } from './conntrack.js';
import { closeDockerFirewall, FIREWALLS, filterBridged, filtersForwarded, openDockerFirewall } from './docker-firewall.js';
import { startForwarding } from './forwarding.js';
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
  addr_info: { local: string; nodad?: boolean }[];
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
  metric?: number;
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

/** What carries out the steps of a tool. */
const PROGRAMS = { ip: ['ip'], ip6: ['ip', '-6'], bridge: ['bridge'] } as const;

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

  async ipv6Addresses(device: string): Promise<string[]> {
    const [interface_] = await this.#json<IpAddress>('ip', ['-j', '-6', 'address', 'show', 'dev', device, 'scope', 'global']);
    return (interface_?.addr_info ?? []).flatMap(({ local }) => local ?? []);
  }

  async links(): Promise<OverlayLink[]> {
    const links = await this.#linksOf('vxlan', VXLAN_PREFIX);
    if (links.length === 0) return [];
    const [neighbours, routes, routes6, entries] = await Promise.all([
      this.#json<IpNeighbour>('ip', ['-j', 'neigh', 'show', 'nud', 'permanent']),
      this.#json<IpRoute>('ip', ['-j', '-4', 'route', 'show']),
      this.#json<IpRoute>('ip', ['-j', '-6', 'route', 'show']),
      this.#json<BridgeEntry>('bridge', ['-j', 'fdb', 'show']),
    ]);
    return links.map((link) => toOverlayLink(link, { neighbours, routes, routes6, entries }));
  }

  async applyLinks(steps: readonly LinkStep[]): Promise<void> {
    // Runs of the same tool go in one batch; their order among each other is kept.
    for (let start = 0; start < steps.length; ) {
      const tool = steps[start]?.tool as LinkStep['tool'];
      let end = start;
      while (steps[end]?.tool === tool) end++;
      const batch = steps.slice(start, end).map((step) => `${step.line}\n`);
      const [program, ...family] = PROGRAMS[tool];
      await run(program, [...family, '-force', '-batch', '-'], batch.join(''));
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

  async trustGateways(bridges: readonly Pick<BridgeNetwork, 'bridge' | 'ipv6'>[]): Promise<void> {
    for (const { bridge, ipv6 } of bridges) {
      if (!ipv6) continue;
      // Also for the addresses of the link that come with the first container.
      await writeFile(`/proc/sys/net/ipv6/conf/${bridge}/accept_dad`, '0');
      const [seen] = await this.#json<IpAddress>('ip', ['-j', '-6', 'address', 'show', 'dev', bridge]);
      if (seen?.addr_info.some(({ local, nodad }) => local === ipv6.gateway && nodad)) continue;
      const address = `${ipv6.gateway}/${ipv6.subnet.split('/')[1]} dev ${bridge}`;
      // What has begun to be asked for cannot be changed.
      await this.applyLinks([
        { tool: 'ip6', line: `address flush dev ${bridge} to ${ipv6.gateway}` },
        { tool: 'ip6', line: `address add ${address} nodad` },
      ]);
    }
  }

  async bridges(): Promise<string[]> {
    return (await this.#linksOf('bridge', BRIDGE_PREFIX)).map((link) => link.ifname);
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
    const rulesOf = async (tool: ReturnWay['tool'], family: string): Promise<ReturnWay[]> => {
      const rules = await this.#json<IpRule>('ip', ['-j', family, 'rule', 'show', 'priority', String(RETURN_PRIORITY)]);
      return rules.map(({ iif = '', fwmark = '0' }) => ({ tool, bridge: iif, mark: Number(fwmark) }));
    };
    return [...(await rulesOf('ip', '-4')), ...(await rulesOf('ip6', '-6'))];
  }

  /**
   * Sources are checked by the agent's own rules. The kernel's check is loose where the host asks for any: the larger of the device's own value and that of
   * `all` counts, 0 is none, 2 is loose (ip-sysctl). None saves a look at the routes for each packet. A device without any address fails the loose check as
   * well (fib_validate_source), so each has the gateway's, which is local to the node in any case.
   */
  async takeForeignSources(links: readonly Pick<OverlayLink, 'vxlan' | 'gateway' | 'ipv6'>[]): Promise<void> {
    const setting = (device: string): string => `/proc/sys/net/ipv4/conf/${device}/rp_filter`;
    const isChecked = (await readFile(setting('all'), 'utf8')).trim() !== '0';
    for (const { vxlan } of links) await writeFile(setting(vxlan), isChecked ? '2' : '0');
    const address = (address: string, vxlan: string): string => `address replace ${address} dev ${vxlan} noprefixroute`;
    await this.applyLinks([
      ...links.map(({ vxlan, gateway }) => ({ tool: 'ip' as const, line: address(`${gateway}/32`, vxlan) })),
      // By IPv6 it is for those alone who ask the gateway itself whether it is there.
      ...links.flatMap(({ vxlan, ipv6 }) =>
        ipv6 ? [{ tool: 'ip6' as const, line: `${address(`${ipv6.gateway}/128`, vxlan)} nodad` }] : [],
      ),
    ]);
  }

  async applyRuleset(script: string): Promise<void> {
    await run('nft', ['-f', '-'], script);
  }

  /** Without the elements of sets, which are what takes long to list. */
  async hasRuleset({ name }: Family): Promise<boolean> {
    const listed = await run('nft', ['-t', 'list', 'chain', name, TABLE, 'forward']).catch((error: Error) => {
      if (/No such file/.test(error.message)) return '';
      throw error;
    });
    return listed.includes('@pairs');
  }

  connections(addresses: readonly string[]): Promise<number> {
    return connections(addresses);
  }

  forgetFlows(families: readonly Family[], isGone: (address: string) => boolean): Promise<void> {
    return forgetFlows(families, isGone);
  }

  async hasTable(name: string): Promise<boolean> {
    return (await run('nft', ['list', 'tables', 'ip'])).split('\n').includes(`table ip ${name}`);
  }

  async openDockerFirewall(): Promise<void> {
    await writeFile('/proc/sys/net/ipv4/ip_forward', '1');
    // Published ports answer on 127.0.0.1 too.
    await writeFile('/proc/sys/net/ipv4/conf/all/route_localnet', '1');
    await filterBridged('iptables');
    await openDockerFirewall('iptables');
  }

  async forwardIpv6(): Promise<void> {
    await startForwarding();
    await filterBridged('ip6tables');
    if (await filtersForwarded('ip6tables')) await openDockerFirewall('ip6tables');
  }

  async closeDockerFirewall(): Promise<void> {
    for (const program of FIREWALLS) await closeDockerFirewall(program);
  }

  /** Until the kernel has loaded the module of a kind, it lists all links, and iproute2 prints an empty object for each of another kind. */
  async #linksOf(kind: string, prefix: string): Promise<IpLink[]> {
    const links = await this.#json<Partial<IpLink>>('ip', ['-j', '-d', 'link', 'show', 'type', kind]);
    return links.filter((link): link is IpLink => link.ifname?.startsWith(prefix) === true);
  }

  async #json<T>(program: string, args: string[]): Promise<T[]> {
    const text = await run(program, args);
    return text.trim() === '' ? [] : (JSON.parse(text) as T[]);
  }
}

function toHostRoute({ dst, dev, metrics }: IpRoute): HostRoute {
  const mtu = metrics?.find((metric) => metric.mtu !== undefined)?.mtu;
  return { dst, dev, ...(mtu !== undefined && { mtu }) };
}

/** What the kernel has, of all devices. */
interface Seen {
  neighbours: readonly IpNeighbour[];
  routes: readonly IpRoute[];
  routes6: readonly IpRoute[];
  entries: readonly BridgeEntry[];
}

/** Puts a device together with the peers that are whole: route, next hop and forwarding entry all there. */
function toOverlayLink(link: IpLink, { neighbours, routes, routes6, entries }: Seen): OverlayLink {
  const name = link.ifname;
  const vni = link.linkinfo?.info_data?.id ?? 0;
  const hardwareByHop = new Map(neighbours.filter((entry) => entry.dev === name).map((entry) => [entry.dst, entry.lladdr]));
  const peerByHardware = new Map(entries.filter((entry) => entry.ifname === name).map((entry) => [entry.mac, entry.dst]));
  const ownRoutes = routes.filter((route) => route.dev === name && route.gateway !== undefined);
  const ipv6ByHardware = new Map(
    routes6.flatMap(({ dev, dst, gateway }) =>
      dev === name && gateway !== undefined ? [[hardwareByHop.get(gateway), { block: dst, nextHop: gateway }]] : [],
    ),
  );
  const peers = ownRoutes.flatMap((route): PeerEntry[] => {
    const nextHop = route.gateway as string;
    const hardwareAddress = hardwareByHop.get(nextHop);
    const peerAddress = hardwareAddress && peerByHardware.get(hardwareAddress);
    if (!hardwareAddress || !peerAddress) return [];
    const ipv6 = ipv6ByHardware.get(hardwareAddress);
    return [{ block: route.dst, nextHop, hardwareAddress, peerAddress, ...(ipv6 && { ipv6 }) }];
  });
  const vips = routes.find((route) => route.dev === name && route.gateway === undefined)?.dst;
  const ipv6 = ipv6RoutesOf(routes6, name, bridgeName(vni));
  return {
    vxlan: name,
    vni,
    hardwareAddress: link.address,
    mtu: link.mtu,
    localAddress: link.linkinfo?.info_data?.local ?? '',
    device: link.linkinfo?.info_data?.link ?? '',
    gateway: ownRoutes[0]?.prefsrc ?? '',
    ...(vips !== undefined && { vips }),
    ...(ipv6 && { ipv6 }),
    peers: peers.sort((a, b) => a.block.localeCompare(b.block)),
  };
}

/** Both or none: half of it is mended by making it anew. */
function ipv6RoutesOf(routes: readonly IpRoute[], vxlan: string, bridge: string): Ipv6Routes | undefined {
  const ownOf = (device: string): IpRoute | undefined =>
    routes.find(({ dev, gateway, metric }) => dev === device && gateway === undefined && metric === IPV6_METRIC);
  const [range, block] = [ownOf(vxlan), ownOf(bridge)];
  return range && block && { range: range.dst, block: block.dst, gateway: range.prefsrc ?? '' };
}
