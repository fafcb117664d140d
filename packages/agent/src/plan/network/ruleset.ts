import type { NetworkAssignment, ServiceEndpoints } from '@tessera/api';
import { VXLAN_PORT } from './links.js';
import { BRIDGE_PREFIX, bridgeName, gatewayOf, inOrder, VXLAN_PREFIX, vxlanName } from './names.js';

/** The one nftables table that the agent owns. */
export const TABLE = 'tessera';

/**
 * The whole table as text for `nft -f`, which takes it over atomically: isolation of networks, protection of the node,
 * source checks, masquerade of what leaves, and published ports.
 *
 * Order of the hooks: Docker's own chains accept what DOCKER-USER lets through; the real policy is here, a little
 * before them, where a drop is final.
 */
export function ruleset(networks: readonly NetworkAssignment[], services: readonly ServiceEndpoints[]): string {
  const ordered = inOrder(networks);
  const ports = publishedPorts(services);
  return [
    // Adding before deleting makes the deletion succeed whether or not the table is there.
    `table ip ${TABLE}`,
    `delete table ip ${TABLE}`,
    `table ip ${TABLE} {`,
    ...sets(ordered),
    ...filterChains(),
    ...ports.flatMap(portChain),
    ...natChains(ports),
    '}',
    '',
  ].join('\n');
}

/** Removes the table, whether or not it is there. */
export function emptyRuleset(): string {
  return `table ip ${TABLE}\ndelete table ip ${TABLE}\n`;
}

interface PortTarget {
  protocol: 'tcp' | 'udp' | 'sctp';
  published: number;
  target: number;
  addresses: string[];
}

function publishedPorts(services: readonly ServiceEndpoints[]): PortTarget[] {
  const targets = services.flatMap((service) =>
    service.ingress.map(({ protocol, published, target }) => ({
      protocol,
      published,
      target,
      addresses: service.endpoints.map((endpoint) => endpoint.address).sort(),
    })),
  );
  return targets.sort((a, b) => a.published - b.published || a.protocol.localeCompare(b.protocol));
}

function set(name: string, type: string, elements: readonly string[], flags = ''): string {
  const body = elements.length > 0 ? ` elements = { ${elements.join(', ')} };` : '';
  return `  set ${name} { type ${type};${flags && ` flags ${flags};`}${body} }`;
}

function sets(networks: readonly NetworkAssignment[]): string[] {
  const peers = [...new Set(networks.flatMap((network) => network.peers.map((peer) => peer.address)))].sort();
  const subnets = networks.map((network) => network.subnet).sort();
  const gateways = networks.flatMap((network) =>
    [bridgeName(network.vni), vxlanName(network.vni)].map((name) => `"${name}" : ${gatewayOf(network.block)}`),
  );
  const bridge = (network: NetworkAssignment): string => `"${bridgeName(network.vni)}"`;
  const vxlan = (network: NetworkAssignment): string => `"${vxlanName(network.vni)}"`;
  return [
    set('peers', 'ipv4_addr', peers),
    set('overlay', 'ipv4_addr', subnets, 'interval'),
    set(
      'interfaces',
      'ifname',
      networks.flatMap((network) => [bridge(network), vxlan(network)]),
    ),
    set('internal', 'ifname', networks.filter((network) => network.internal).map(bridge)),
    set(
      'pairs',
      'ifname . ifname',
      networks.flatMap((network) => [
        `${bridge(network)} . ${bridge(network)}`,
        `${bridge(network)} . ${vxlan(network)}`,
        `${vxlan(network)} . ${bridge(network)}`,
      ]),
    ),
    set(
      'sources',
      'ifname . ipv4_addr',
      networks.flatMap((network) => [
        `${bridge(network)} . ${network.block}`,
        ...network.peers.map((peer) => `${vxlan(network)} . ${peer.block}`),
      ]),
      'interval',
    ),
    set(
      'members',
      'ipv4_addr . ifname',
      networks.flatMap((network) => [`${network.subnet} . ${bridge(network)}`, `${network.subnet} . ${vxlan(network)}`]),
      'interval',
    ),
    `  map gateways { type ifname : ipv4_addr;${mapBody(gateways)} }`,
  ];
}

function mapBody(elements: readonly string[]): string {
  return elements.length > 0 ? ` elements = { ${elements.join(', ')} };` : '';
}

function filterChains(): string[] {
  return [
    '  chain raw {',
    '    type filter hook prerouting priority raw; policy accept;',
    '    iifname @interfaces iifname . ip saddr != @sources counter drop comment "spoofed source"',
    `    udp dport ${VXLAN_PORT} ip saddr != @peers counter drop comment "VXLAN from strangers"`,
    '  }',
    '  chain forward {',
    '    type filter hook forward priority filter - 10; policy accept;',
    '    ct state established,related accept',
    '    iifname . oifname @pairs accept',
    '    ct status dnat accept comment "published ports"',
    `    iifname "${VXLAN_PREFIX}*" counter drop`,
    `    oifname "${VXLAN_PREFIX}*" counter drop`,
    `    oifname "${BRIDGE_PREFIX}*" counter drop`,
    '    iifname @internal counter drop',
    '  }',
    '  chain input {',
    '    type filter hook input priority filter - 10; policy accept;',
    '    ct state established,related accept',
    '    iifname @interfaces udp dport 53 accept',
    '    iifname @interfaces tcp dport 53 accept',
    '    iifname @interfaces icmp type echo-request fib daddr . iif type local accept',
    '    iifname @interfaces counter drop comment "containers do not reach the node itself"',
    '  }',
  ];
}

function portChainName({ protocol, published }: PortTarget): string {
  return `port-${protocol}-${published}`;
}

/** Without an endpoint the port is closed at once instead of hanging: see the `closed` set. */
function portChain(port: PortTarget): string[] {
  if (port.addresses.length === 0) return [];
  const choices = port.addresses.map((address, index) => `${index} : ${address} . ${port.target}`);
  return [
    `  chain ${portChainName(port)} {`,
    `    meta l4proto ${port.protocol} dnat ip to numgen random mod ${choices.length} map { ${choices.join(', ')} }`,
    '  }',
  ];
}

function natChains(ports: readonly PortTarget[]): string[] {
  const open = ports
    .filter((port) => port.addresses.length > 0)
    .map((port) => `${port.protocol} . ${port.published} : goto ${portChainName(port)}`);
  const closed = ports.filter((port) => port.addresses.length === 0).map((port) => `${port.protocol} . ${port.published}`);
  const dispatch = '    fib daddr type local meta l4proto . th dport vmap @ports';
  return [
    `  map ports { type inet_proto . inet_service : verdict;${mapBody(open)} }`,
    set('closed', 'inet_proto . inet_service', closed),
    set(
      'hairpin',
      'ipv4_addr . ipv4_addr',
      [...new Set(ports.flatMap((port) => port.addresses))].map((address) => `${address} . ${address}`),
    ),
    '  chain prerouting {',
    '    type nat hook prerouting priority dstnat - 10; policy accept;',
    dispatch,
    '  }',
    '  chain output {',
    '    type nat hook output priority -110; policy accept;',
    dispatch,
    '  }',
    '  chain refuse {',
    '    type filter hook input priority filter - 20; policy accept;',
    '    meta l4proto tcp meta l4proto . th dport @closed counter reject with tcp reset',
    '    meta l4proto . th dport @closed counter reject',
    '  }',
    '  chain postrouting {',
    '    type nat hook postrouting priority srcnat - 10; policy accept;',
    '    ct status dnat ip saddr 127.0.0.0/8 snat ip to oifname map @gateways',
    // A container that is sent back to itself must see the answer come from where it asked.
    '    ct status dnat ip saddr . ip daddr @hairpin snat ip to oifname map @gateways',
    `    ct status dnat oifname "${VXLAN_PREFIX}*" ip saddr . oifname != @members snat ip to oifname map @gateways comment "from outside to a task elsewhere"`,
    `    ct status dnat oifname "${BRIDGE_PREFIX}*" ip saddr @overlay ip saddr . oifname != @members snat ip to oifname map @gateways comment "from another network"`,
    `    oifname "${BRIDGE_PREFIX}*" accept`,
    `    oifname "${VXLAN_PREFIX}*" accept`,
    '    ip saddr @overlay masquerade',
    '  }',
  ];
}
