/** A network as its first address and the number of leading bits that count. */
export interface NetworkRange {
  bits: bigint;
  width: 32 | 128;
  prefix: number;
}

/** An IPv4 or IPv6 address as a number. */
export function isAddress(text: string): boolean {
  return parseAddress(text) !== undefined;
}

/** Reads `10.0.0.0/8` or `fd00::/8`. */
export function parseNetwork(text: string): NetworkRange | undefined {
  const [address, length, ...rest] = text.split('/');
  if (rest.length > 0 || length === undefined || !/^\d{1,3}$/.test(length)) return undefined;
  const parsed = parseAddress(address!);
  const prefix = Number(length);
  return parsed && prefix <= parsed.width ? { ...parsed, prefix } : undefined;
}

/** Whether `address` is `place`, or lies in it when it is a network. */
export function isInNetwork(address: string, place: string): boolean {
  const actual = parseAddress(address);
  const network = parseNetwork(place) ?? withFullPrefix(parseAddress(place));
  if (!actual || !network || actual.width !== network.width) return false;
  const shift = BigInt(network.width - network.prefix);
  return actual.bits >> shift === network.bits >> shift;
}

function withFullPrefix(address: Omit<NetworkRange, 'prefix'> | undefined): NetworkRange | undefined {
  return address && { ...address, prefix: address.width };
}

function parseAddress(text: string): Omit<NetworkRange, 'prefix'> | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): Omit<NetworkRange, 'prefix'> | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)) return undefined;
  return { bits: parts.reduce((bits, part) => (bits << 8n) | BigInt(part), 0n), width: 32 };
}

function parseIpv6(text: string): Omit<NetworkRange, 'prefix'> | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const zeros = 8 - head!.length - (tail?.length ?? 0);
  if (tail ? zeros < 1 : zeros !== 0) return undefined;
  const groups = [...head!, ...Array<string>(zeros).fill('0'), ...(tail ?? [])];
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return { bits: groups.reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n), width: 128 };
}
