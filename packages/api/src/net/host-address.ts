import { formatIpv4, parseIpv4 } from './ipv4.js';
import { formatIpv6, parseIpv6 } from './ipv6.js';

/** Upper 96 bits of an IPv4 address in the form of IPv6. Source: RFC 4291, 2.5.5.2. */
const IPV4_MAPPED = 0xffffn;
const LOOPBACK = 1n;

/** Whether the text is an IPv4 or IPv6 address, the latter without brackets. */
export function isIpAddress(text: string): boolean {
  return parseIpv4(text) !== undefined || parseIpv6(text) !== undefined;
}

/** The one form of the address of its node that a port is bound to; `undefined`: to all of them, of both families, as `0.0.0.0` and `::` say too. */
export function hostAddress(text: string | undefined): string | undefined {
  const ipv6 = parseIpv6(text ?? '');
  if (text === undefined || text === '' || text === '0.0.0.0' || ipv6 === 0n) return undefined;
  if (ipv6 === undefined) return text;
  return ipv6 >> 32n === IPV4_MAPPED ? formatIpv4(Number(ipv6 & 0xffff_ffffn)) : formatIpv6(ipv6);
}

/** Whether a port cannot be bound to both. */
export function hostAddressesClash(a: string | undefined, b: string | undefined): boolean {
  const [one, other] = [hostAddress(a), hostAddress(b)];
  return one === undefined || other === undefined || one === other;
}

/** Why every node cannot answer a port at this address of it. What is sent to ::1 never leaves the loopback interface: Linux routes 127.0.0.0/8 alone. */
export function ingressAddressProblem(text: string | undefined): { problem: string; cure: string } | undefined {
  if (parseIpv6(text ?? '') !== LOOPBACK) return undefined;
  return { problem: 'a port in ingress mode cannot be bound to ::1', cure: 'bind it to 127.0.0.1, or publish it with mode: host' };
}

/** As in URLs: an IPv6 address in brackets. */
export function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
