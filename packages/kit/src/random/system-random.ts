import { randomBytes } from 'node:crypto';
import type { Random } from './random.js';

/** The system's cryptographic generator. */
export class SystemRandom implements Random {
  next(): number {
    return randomBytes(6).readUIntBE(0, 6) / 2 ** 48;
  }

  bytes(length: number): Uint8Array {
    return randomBytes(length);
  }
}
