/** Chance and identity as a port. */
export interface Random {
  /** A number from 0 (inclusive) to 1 (exclusive). */
  next(): number;
  /** Unpredictable bytes from the system in production; seeded ones in tests. */
  bytes(length: number): Uint8Array;
}

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz';
const ID_LENGTH = 25;

/** A new object id: 25 characters of [0-9a-z], about 129 bits, in the form that Docker users know from Swarm. */
export function newId(random: Random): string {
  // As codes, not by adding characters one by one: that makes a string of many parts, which whoever uses it as a key has to join.
  const codes: number[] = [];
  while (codes.length < ID_LENGTH) {
    for (const byte of random.bytes(ID_LENGTH * 2)) {
      // 252 is the largest multiple of 36 in a byte: what is above it would favour some characters.
      if (byte < 252 && codes.length < ID_LENGTH) codes.push(ALPHABET.charCodeAt(byte % 36));
    }
  }
  return String.fromCharCode(...codes);
}

/** A delay from half of `baseMs` to all of it, so that many clients do not come back at once. */
export function jittered(random: Random, baseMs: number): number {
  return baseMs / 2 + (random.next() * baseMs) / 2;
}
