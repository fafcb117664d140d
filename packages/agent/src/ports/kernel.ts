import type { Family } from '../plan/network/family.js';
import type { BridgeNetwork, LinkStep, OverlayLink } from '../plan/network/links.js';
import type { ReturnWay } from '../plan/network/returns.js';
import type { Underlay } from '../plan/network/underlay.js';

/** The kernel's network, as far as the agent touches it. */
export interface KernelNetwork {
  /**
   * The interface that holds `address`, and how large packets to all of `peers` may be.
   * @throws Error naming the address when no interface has it.
   */
  underlay(address: string, peers: readonly string[]): Promise<Underlay>;
  /** The addresses of IPv6 by which other hosts may see what this one sends by an interface. */
  ipv6Addresses(device: string): Promise<string[]>;
  /** The agent's VXLAN devices with the peers that they know. */
  links(): Promise<OverlayLink[]>;
  /** Names of the agent's bridges. */
  bridges(): Promise<string[]>;
  /** Carries out steps in order. A step that fails does not keep the later ones back. @throws Error that names those that failed. */
  applyLinks(steps: readonly LinkStep[]): Promise<void>;
  /** The agent's routing rules for answers that leave through another node. */
  returnRules(): Promise<ReturnWay[]>;
  /** Lets the devices of these links take packets from sources that the node itself would reach by another way. */
  takeForeignSources(links: readonly Pick<OverlayLink, 'vxlan' | 'gateway' | 'ipv6'>[]): Promise<void>;
  /** Makes the node answer on these bridges for addresses that it routes elsewhere (proxy ARP), without delay. */
  answerForOthers(bridges: readonly string[]): Promise<void>;
  /**
   * Makes the IPv6 gateways on these bridges good at once, with nobody asked whether they have them already (RFC 4862 5.4): that takes seconds from
   * the first container on, which would reach nothing meanwhile.
   */
  trustGateways(bridges: readonly Pick<BridgeNetwork, 'bridge' | 'ipv6'>[]): Promise<void>;
  /** Lets the agent's bridges give packets back to the port that they came from, where a bridge does not do so yet. */
  allowHairpin(): Promise<void>;
  /** Takes over an nftables script, all or nothing. */
  applyRuleset(script: string): Promise<void>;
  /** Whether the agent's table of the family is there and has its rules. */
  hasRuleset(family: Family): Promise<boolean>;
  /** TCP connections that one of these addresses has answered and that are not closing. */
  connections(addresses: readonly string[]): Promise<number>;
  /** Forgets flows of datagrams, and connections not answered yet, that were balanced to such an address: their next packet is balanced anew. */
  forgetFlows(families: readonly Family[], isGone: (address: string) => boolean): Promise<void>;
  /** Whether a table of the agent is there. */
  hasTable(name: string): Promise<boolean>;
  /** Lets the agent's interfaces pass Docker's own firewall, and forwards packets. Does nothing where that is so already. */
  openDockerFirewall(): Promise<void>;
  /** The same for IPv6, which needs the firewall only where something filters there. */
  forwardIpv6(): Promise<void>;
  /** Takes both back. */
  closeDockerFirewall(): Promise<void>;
}
