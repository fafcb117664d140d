import { LEAST_IPV6_MTU, type NetworkSpec, type NodeDescription, VXLAN_OVERHEAD, WIREGUARD_OVERHEAD, wantsEncryption } from '@tessera/api';

/** What a network may ask of its nodes that not every host can do: never is it left out in silence. */
export interface NetworkAbility {
  /** Name of the scheduler's filter. */
  name: string;
  /** As users know it. */
  title: string;
  /** What a host needs for it. */
  needs: string;
  isWanted(spec: NetworkSpec): boolean;
  isThere(description: NodeDescription | undefined): boolean;
}

export const NETWORK_ABILITIES: readonly NetworkAbility[] = [
  {
    name: 'encryption',
    title: 'encryption',
    needs: 'kernel WireGuard, or wireguard-go, and wg',
    isWanted: ({ driverOptions }) => wantsEncryption(driverOptions),
    isThere: (description) => description?.encryption !== undefined,
  },
  {
    name: 'ipv6',
    title: 'IPv6',
    needs: 'a kernel that has it switched on, and ndppd',
    isWanted: ({ ipv6 }) => ipv6,
    isThere: (description) => description?.ipv6 !== undefined,
  },
  roomForIpv6('mtu', false, LEAST_IPV6_MTU + VXLAN_OVERHEAD),
  roomForIpv6('encrypted-mtu', true, LEAST_IPV6_MTU + VXLAN_OVERHEAD + WIREGUARD_OVERHEAD),
];

/** Kernels take IPv6 off interfaces whose packets are smaller. @param packetBytes what the underlay must carry in one piece */
function roomForIpv6(name: string, encrypted: boolean, packetBytes: number): NetworkAbility {
  return {
    name,
    title: `an MTU of ${LEAST_IPV6_MTU}`,
    needs: `the least that IPv6 has: packets of ${packetBytes} between the nodes`,
    isWanted: ({ ipv6, driverOptions }) => ipv6 && wantsEncryption(driverOptions) === encrypted,
    isThere: (description) => (description?.underlayMtu ?? packetBytes) >= packetBytes,
  };
}

/** What of it a network asks for. */
export function abilitiesWanted(spec: NetworkSpec): readonly NetworkAbility[] {
  return NETWORK_ABILITIES.filter((ability) => ability.isWanted(spec));
}
