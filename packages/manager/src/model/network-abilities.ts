import { ENCRYPTED_OPTION, LEAST_IPV6_MTU, type NetworkSpec, type NodeDescription, overheadOf, wantsEncryption } from '@tessera/api';

/** What a network may ask of its nodes that not every host can do: never is it left out in silence. */
export interface NetworkAbility {
  /** Name of the scheduler's filter. */
  name: string;
  /** As users know it. */
  title: string;
  /** What a host needs for it. */
  needs: string;
  isWanted(spec: NetworkSpec): boolean;
  isThere(description: NodeDescription | undefined, spec: NetworkSpec): boolean;
}

const ENCRYPTED = { [ENCRYPTED_OPTION]: '' };

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
  {
    name: 'mtu',
    title: `an MTU of ${LEAST_IPV6_MTU}`,
    needs: `the least that IPv6 has: packets of ${LEAST_IPV6_MTU + overheadOf({})} between the nodes, ${LEAST_IPV6_MTU + overheadOf(ENCRYPTED)} with encryption`,
    isWanted: ({ ipv6 }) => ipv6,
    isThere: (description, { driverOptions }) =>
      (description?.underlayMtu ?? Number.POSITIVE_INFINITY) - overheadOf(driverOptions) >= LEAST_IPV6_MTU,
  },
];

/** What of it a network asks for: those of another driver than the overlay's are not carried from node to node. */
export function abilitiesWanted(spec: NetworkSpec): readonly NetworkAbility[] {
  if (spec.driver !== 'overlay') return [];
  return NETWORK_ABILITIES.filter((ability) => ability.isWanted(spec));
}

/** Comes to something else when a node may carry other networks than before. */
export function abilitiesOf({ encryption, ipv6, underlayMtu }: Partial<NodeDescription> = {}): string {
  return JSON.stringify([encryption !== undefined, ipv6 !== undefined, underlayMtu]);
}
