/** An IPv4 range: its first address as an unsigned number, and its prefix length. */
export interface Ipv4Range {
  base: number;
  prefix: number;
}

/** An IPv4 address as an unsigned 32-bit number, or `undefined` when the text is none. */
export function parseIpv4(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) return undefined;
  return parts.reduce((value, part) => value * 256 + Number(part), 0);
}

export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

/** A range in CIDR form, such as `10.1.2.0/24`; host bits are cut off. `undefined` when the text is none. */
export function parseRange(text: string): Ipv4Range | undefined {
  const [address, prefixText, ...rest] = text.split('/');
  const base = parseIpv4(address ?? '');
  if (base === undefined || rest.length > 0 || !/^\d{1,2}$/.test(prefixText ?? '') || Number(prefixText) > 32) return undefined;
  const prefix = Number(prefixText);
  return { base: base - (base % rangeSize(prefix)), prefix };
}

export function formatRange(range: Ipv4Range): string {
  return `${formatIpv4(range.base)}/${range.prefix}`;
}

/** Number of addresses of a range with this prefix length. */
export function rangeSize(prefix: number): number {
  return 2 ** (32 - prefix);
}

export function rangesOverlap(a: Ipv4Range, b: Ipv4Range): boolean {
  return a.base < b.base + rangeSize(b.prefix) && b.base < a.base + rangeSize(a.prefix);
}

/** The address `offset` places after the first one of a range. */
export function addressAt(range: Ipv4Range, offset: number): string {
  return formatIpv4(range.base + offset);
}
