/** Driver options that overlay networks know, as Docker spells them. */
export const MTU_OPTION = 'com.docker.network.driver.mtu';
export const ENCRYPTED_OPTION = 'encrypted';
/** "Inter-container communication". */
export const ICC_OPTION = 'com.docker.network.bridge.enable_icc';

/** Bytes that VXLAN over IPv4 adds to each packet: inner Ethernet 14, VXLAN 8, UDP 8, IPv4 20. */
export const VXLAN_OVERHEAD = 50;
/** Bytes that WireGuard over IPv4 adds to each packet: its header 16, its tag 16, UDP 8, IPv4 20. */
export const WIREGUARD_OVERHEAD = 60;
/** Every IPv4 host takes packets of this size in one piece. Source: RFC 791. */
const LEAST_MTU = 68;
/** An interface with a smaller MTU has no IPv6. Source: RFC 8200, 5. */
export const LEAST_IPV6_MTU = 1280;
const MOST_MTU = 65_535;

/** Go's spelling of truth, which Docker takes; an option without a value is true. */
const TRUE = ['', '1', 't', 'T', 'true', 'TRUE', 'True'];
const FALSE = ['0', 'f', 'F', 'false', 'FALSE', 'False'];

type Options = Readonly<Record<string, string>>;

/** The MTU that the network's options ask for; `undefined` when they leave it to Tessera or say nonsense. */
export function wantedMtu(options: Options): number | undefined {
  const text = options[MTU_OPTION];
  return text !== undefined && isMtu(text) ? Number(text) : undefined;
}

/** Whether what leaves a node for another must be encrypted. What cannot be read as true or false counts as true. */
export function wantsEncryption(options: Options): boolean {
  const text = options[ENCRYPTED_OPTION];
  return text !== undefined && !FALSE.includes(text);
}

/** Whether containers of the network reach HTTP proxies alone, and each other not at all. */
export function keepsMembersApart(options: Options): boolean {
  return FALSE.includes(options[ICC_OPTION] ?? '');
}

/** Bytes that the way between nodes adds to a packet of a network with these options. */
export function overheadOf(options: Options): number {
  return VXLAN_OVERHEAD + (wantsEncryption(options) ? WIREGUARD_OVERHEAD : 0);
}

/** What is wrong with the options of a network, with IPv6 or without: the option, and a sentence about its value. */
export function optionProblems(options: Options, ipv6: boolean): { option: string; problem: string }[] {
  const problems: { option: string; problem: string }[] = [];
  const mtu = options[MTU_OPTION];
  if (mtu !== undefined && !isMtu(mtu))
    problems.push({ option: MTU_OPTION, problem: `"${mtu}" is no MTU: a whole number of bytes from ${LEAST_MTU} to ${MOST_MTU}` });
  if (ipv6 && (wantedMtu(options) ?? LEAST_IPV6_MTU) < LEAST_IPV6_MTU)
    problems.push({ option: MTU_OPTION, problem: `${mtu} is too small for a network with IPv6, which needs ${LEAST_IPV6_MTU}` });
  for (const option of [ENCRYPTED_OPTION, ICC_OPTION]) {
    const text = options[option];
    if (text !== undefined && ![...TRUE, ...FALSE].includes(text))
      problems.push({ option, problem: `"${text}" is neither true nor false` });
  }
  return problems;
}

function isMtu(text: string): boolean {
  return /^\d{2,5}$/.test(text) && Number(text) >= LEAST_MTU && Number(text) <= MOST_MTU;
}
