import { parseIpv4 } from '../net/ipv4.js';

/** Whether the text is an IPv4 or IPv6 address, the latter without brackets. */
export function isIpAddress(text: string): boolean {
  return parseIpv4(text) !== undefined || (text.includes(':') && !/[[\]]/.test(text) && URL.canParse(`http://[${text}]`));
}
