const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

/**
 * A hash of a text, as an unsigned 32-bit number: the same on every host, no use against an adversary. FNV-1a with the
 * last mixing steps of murmur3, without which texts that differ only in their end hash close to each other.
 */
export function hash32(text: string): number {
  let value = OFFSET;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), PRIME);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
