import { type Family, IPV4, IPV6 } from '../family.js';
import { VXLAN_PORT } from '../links.js';
import { BRIDGE_PREFIX, VXLAN_PREFIX } from '../names.js';
import { type FragmentChanges, type Fragments, fragmentLines, TABLE } from './fragment.js';

/** First in its chain: nearly all packets are of connections that were looked at when they began. */
const ESTABLISHED = '    ct state established,related accept';

const TUNNELS = `udp dport ${VXLAN_PORT}`;

/**
 * The whole table as text for `nft -f`, which takes it over atomically: isolation of networks, protection of the node,
 * source checks, masquerade of what leaves, virtual addresses and published ports. The chains here never change; what networks
 * and services add to them is in sets, maps and chains of their own, so that a change of one touches no other.
 */
function wholeTable(family: Family, fragments: Fragments): string[] {
  return [
    ...noTable(family),
    `table ${family.name} ${TABLE} {`,
    ...sets(family),
    ...filterChains(family),
    ...natChains(family),
    '}',
    ...fragmentLines(family, new Map([...fragments].map(([key, after]) => [key, { before: undefined, after }]))),
  ];
}

/** Lines for `nft -f` without which there is no table. Adding before deleting makes the deletion succeed whether or not it is there. */
export function noTable({ name }: Family): string[] {
  return [`table ${name} ${TABLE}`, `delete table ${name} ${TABLE}`];
}

/**
 * Lines for `nft -f` that lead to the table with these fragments; there is none without any.
 * @param changes in what they differ from those that the kernel has; absent: that is not known, and all of it is made anew
 */
export function tableLines(family: Family, fragments: Fragments, changes?: FragmentChanges): string[] {
  const isThere = !changes || sizeBefore(fragments, changes) > 0;
  if (fragments.size === 0) return isThere ? noTable(family) : [];
  return changes && isThere ? fragmentLines(family, changes) : wholeTable(family, fragments);
}

function sizeBefore(fragments: Fragments, changes: FragmentChanges): number {
  let size = fragments.size;
  for (const { before, after } of changes.values()) size += Number(before !== undefined) - Number(after !== undefined);
  return size;
}

function sets({ addressType: address }: Family): string[] {
  return [
    `  set peers { type ${address}; }`,
    `  set self { type ${address}; }`,
    `  set own { type ${address} . ${address}; flags interval; }`,
    '  map vteps { type ifname . ether_addr : mark; }',
    '  map zones { typeof iifname . ether saddr : ct zone; }',
    '  set returns { type ifname . mark; }',
    `  set overlay { type ${address}; flags interval; }`,
    `  set vipnets { type ${address}; flags interval; }`,
    '  set interfaces { type ifname; }',
    '  set internal { type ifname; }',
    '  set apart { type ifname; }',
    `  set hubs { type ${address}; }`,
    '  set pairs { type ifname . ifname; }',
    '  map checks { type ifname : verdict; }',
    `  set members { type ${address} . ifname; flags interval; }`,
    `  set hairpin { type ${address} . ${address}; }`,
    '  set closed { type inet_proto . inet_service; }',
    `  set hostclosed { type ${address} . inet_proto . inet_service; }`,
    `  map gateways { type ifname : ${address}; }`,
    `  map vips { type ${address} : verdict; }`,
    '  map ports { type inet_proto . inet_service : verdict; }',
    `  map hostports { type ${address} . inet_proto . inet_service : verdict; }`,
    `  map recorders { type ${address} : verdict; }`,
  ];
}

/**
 * Order of the hooks: Docker's own chains accept what DOCKER-USER lets through; the real policy is here, a little
 * before them, where a drop is final.
 */
function filterChains(family: Family): string[] {
  return [
    ...refuseChain(),
    ...(family === IPV4 ? tunnelChains() : []),
    '  chain raw {',
    '    type filter hook prerouting priority raw; policy accept;',
    ...(family === IPV4 ? [`    ${TUNNELS} jump tunnels`] : []),
    // All packets pass here, so each takes one look by its interface, and not one by address in what belongs to all networks.
    '    iifname vmap @checks',
    '  }',
    ...returnsChain(family),
    ...forwardChain(family),
    ...inputChain(family),
    ...outputChain(family),
  ];
}

/**
 * A client's address is kept on its way to a task of another node. The answer must go back through the node that it came from. What costs
 * least and excludes most is asked first.
 */
function returnsChain({ name: ip }: Family): string[] {
  return [
    '  chain returns {',
    '    type filter hook prerouting priority mangle; policy accept;',
    `    ct state new iifname "${VXLAN_PREFIX}*" ${ip} saddr != @overlay ct mark set iifname . ether saddr map @vteps`,
    `    ct mark != 0 ct direction reply iifname "${BRIDGE_PREFIX}*" iifname . ct mark @returns meta mark set ct mark`,
    '  }',
  ];
}

function forwardChain({ name: ip, discovery }: Family): string[] {
  return [
    '  chain forward {',
    '    type filter hook forward priority filter - 10; policy accept;',
    ESTABLISHED,
    `    ${ip} daddr @vipnets goto refuse`,
    ...(discovery ? [`    iifname @apart ${discovery.packets} accept`] : []),
    // Where the packet comes from: other nodes do the same, and hubs that have only just come are known here first.
    `    iifname @apart iifname . oifname @pairs ${ip} saddr != @hubs ${ip} daddr != @hubs counter drop comment "members that are kept apart"`,
    '    iifname . oifname @pairs accept',
    // A virtual address is for members of its network alone: they are among the pairs.
    `    ct status dnat ct original ${ip} daddr != @vipnets accept comment "published ports"`,
    `    iifname "${VXLAN_PREFIX}*" counter drop`,
    `    oifname "${VXLAN_PREFIX}*" counter drop`,
    `    oifname "${BRIDGE_PREFIX}*" counter drop`,
    '    iifname @internal counter drop',
    '  }',
  ];
}

function inputChain(family: Family): string[] {
  const { name: ip, icmp, discovery } = family;
  return [
    '  chain input {',
    '    type filter hook input priority filter - 10; policy accept;',
    ESTABLISHED,
    ...passTunnels(family),
    '    meta l4proto . th dport @closed goto refuse',
    `    ${ip} daddr . meta l4proto . th dport @hostclosed goto refuse`,
    '    iifname @interfaces udp dport 53 accept',
    '    iifname @interfaces tcp dport 53 accept',
    ...(discovery ? [`    iifname @interfaces ${discovery.packets} accept`] : []),
    `    iifname @interfaces ${icmp} type echo-request fib daddr . iif type local accept`,
    '    iifname @interfaces counter drop comment "containers do not reach the node itself"',
    '  }',
  ];
}

function outputChain(family: Family): string[] {
  return [
    '  chain filter-output {',
    '    type filter hook output priority filter - 20; policy accept;',
    ESTABLISHED,
    ...passTunnels(family),
    `    ${family.name} daddr @vipnets goto refuse`,
    // A container that asks a virtual address would be told to send to the task itself, past the translation. Conntrack prevents it for IPv4.
    ...(family === IPV6 ? [`    oifname "${BRIDGE_PREFIX}*" icmpv6 type nd-redirect drop`] : []),
    '  }',
  ];
}

/** Untracked packets would be looked at by all that follows, and they are most of what a busy node sends and gets. */
function passTunnels(family: Family): string[] {
  return family === IPV4 ? [`    ${TUNNELS} accept comment "of peers alone: looked at when they came in"`] : [];
}

/** What nobody answers is refused at once, so that clients need not wait: what is balanced has another address by then. */
function refuseChain(): string[] {
  return ['  chain refuse {', '    meta l4proto tcp counter reject with tcp reset', '    counter reject', '  }'];
}

/** What is inside of a VXLAN packet is tracked; the packet around it need not be as well. */
function tunnelChains(): string[] {
  return [
    '  chain tunnels {',
    '    ip saddr != @peers counter drop comment "VXLAN from strangers"',
    '    notrack',
    '  }',
    '  chain raw-output {',
    '    type filter hook output priority raw; policy accept;',
    `    ${TUNNELS} ip daddr @peers notrack`,
    '  }',
  ];
}

function natChains({ name: ip, loopback, routesLoopback }: Family): string[] {
  // Refused at once by the host then, so that clients of `localhost` go on to the other family.
  const except = routesLoopback ? '' : `${ip} daddr != ${loopback} `;
  const dispatch = [
    `    ${ip} daddr vmap @vips`,
    `    ${ip} daddr . meta l4proto . th dport vmap @hostports`,
    `    ${except}fib daddr type local meta l4proto . th dport vmap @ports`,
  ];
  return [
    '  chain prerouting {',
    '    type nat hook prerouting priority dstnat - 10; policy accept;',
    ...dispatch,
    '  }',
    '  chain output {',
    '    type nat hook output priority -110; policy accept;',
    ...dispatch,
    '  }',
    '  chain record {',
    '    type filter hook postrouting priority srcnat - 20; policy accept;',
    `    ct state new ct status dnat ${ip} daddr vmap @recorders`,
    '  }',
    '  chain postrouting {',
    '    type nat hook postrouting priority srcnat - 10; policy accept;',
    // Replies to 127.0.0.1 would not leave the other host.
    ...(routesLoopback ? [`    ct status dnat ${ip} saddr ${loopback} snat ${ip} to oifname map @gateways`] : []),
    // A container that is sent back to itself must see the answer come from where it asked.
    `    ct status dnat ${ip} saddr . ${ip} daddr @hairpin snat ${ip} to oifname map @gateways`,
    `    ct status dnat oifname @interfaces ${ip} saddr @overlay ${ip} saddr . oifname != @members snat ${ip} to oifname map @gateways comment "from another network"`,
    // The answer would end on the client's own node, which knows nothing of the connection.
    `    ct status dnat ${ip} saddr . ${ip} daddr @own snat ${ip} to oifname map @gateways comment "a node to its own task through another node"`,
    `    ct status dnat oifname @interfaces fib saddr type local ${ip} saddr != @self snat ${ip} to oifname map @gateways comment "from an address that only this node has"`,
    `    oifname "${BRIDGE_PREFIX}*" accept`,
    `    oifname "${VXLAN_PREFIX}*" accept`,
    `    ${ip} saddr @overlay masquerade`,
    '  }',
  ];
}
