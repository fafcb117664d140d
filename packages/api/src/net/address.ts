import { parseIpv4, parseRange } from './ipv4.js';
import { parseIpv6Range } from './ipv6.js';

/** Whether the text is a network of IPv4 or IPv6 in CIDR form: `10.0.0.0/8`, `fd00::/8`. */
export function isNetwork(text: string): boolean {
  return parseRange(text) !== undefined || parseIpv6Range(text) !== undefined;
}

/** Whether `address` is `place`, or lies in it when it is a network. */
export function isInNetwork(address: string, place: string): boolean {
  const [, prefix] = place.split('/');
  if (parseIpv4(address) !== undefined) {
    const network = parseRange(prefix === undefined ? `${place}/32` : place);
    return network !== undefined && parseRange(`${address}/${network.prefix}`)?.base === network.base;
  }
  const network = parseIpv6Range(prefix === undefined ? `${place}/128` : place);
  return network !== undefined && parseIpv6Range(`${address}/${network.prefix}`)?.base === network.base;
}
