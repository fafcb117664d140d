import ipaddr from 'ipaddr.js';
import { type Ipv4Range, parseIpv4, parseRange } from './ipv4.js';

/** An IPv6 range: its first address as an unsigned number, and its prefix length. */
export interface Ipv6Range {
  base: bigint;
  prefix: number;
}

const WIDTH = 128;
/** Bits that an IPv6 address has more than one of IPv4. */
const MORE_BITS = WIDTH - 32;

/** An IPv6 address as an unsigned 128-bit number, or `undefined` when the text is none. Zones (`%eth0`) and brackets are not taken. */
export function parseIpv6(text: string): bigint | undefined {
  if (text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined;
  return ipaddr.IPv6.parse(text)
    .toByteArray()
    .reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** In the one form that the kernel and Docker print as well. Source: RFC 5952. */
export function formatIpv6(address: bigint): string {
  const bytes = Array.from({ length: WIDTH / 8 }, (_, at) => Number((address >> BigInt(WIDTH - 8 - 8 * at)) & 0xffn));
  return new ipaddr.IPv6(bytes).toRFC5952String();
}

/** A range in CIDR form, such as `fd00:1::/64`; host bits are cut off. `undefined` when the text is none. */
export function parseIpv6Range(text: string): Ipv6Range | undefined {
  const [address, prefixText, ...rest] = text.split('/');
  const value = parseIpv6(address ?? '');
  if (value === undefined || rest.length > 0 || !/^\d{1,3}$/.test(prefixText ?? '') || Number(prefixText) > WIDTH) return undefined;
  const prefix = Number(prefixText);
  const hostBits = BigInt(WIDTH - prefix);
  return { base: (value >> hostBits) << hostBits, prefix };
}

export function formatIpv6Range({ base, prefix }: Ipv6Range): string {
  return `${formatIpv6(base)}/${prefix}`;
}

export function ipv6RangesOverlap(a: Ipv6Range, b: Ipv6Range): boolean {
  const shift = BigInt(WIDTH - Math.min(a.prefix, b.prefix));
  return a.base >> shift === b.base >> shift;
}

/** The longest prefix that an IPv6 subnet may have beside this IPv4 subnet: each address of the latter has one of the former. */
export function longestIpv6Prefix(subnet: Ipv4Range): number {
  return subnet.prefix + MORE_BITS;
}

/** The subnets of a network in CIDR form. */
export interface Subnets {
  subnet: string;
  subnet6: string;
}

/**
 * The range of IPv6 that stands beside a range of the network's IPv4 subnet: as far from the start of its subnet, and with as many addresses. So
 * whatever is given out of the one is given out of the other.
 * @param range in CIDR form
 * @throws Error when one of the texts is no range
 */
export function ipv6RangeBeside(subnets: Subnets, range: string): string {
  const { base, prefix } = read(parseRange(range), range);
  return formatIpv6Range({ base: beside(subnets, base), prefix: prefix + MORE_BITS });
}

/** The address of IPv6 that stands beside an address of the network's IPv4 subnet. @throws Error when one of the texts is none */
export function ipv6Beside(subnets: Subnets, address: string): string {
  return formatIpv6(beside(subnets, read(parseIpv4(address), address)));
}

function beside({ subnet, subnet6 }: Subnets, address: number): bigint {
  const offset = address - read(parseRange(subnet), subnet).base;
  return read(parseIpv6Range(subnet6), subnet6).base + BigInt(offset);
}

function read<T>(value: T | undefined, text: string): T {
  if (value === undefined) throw new Error(`"${text}" is no address or range`);
  return value;
}
