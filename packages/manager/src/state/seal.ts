import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import type { Random } from '@tessera/kit';

/** Encrypts text at rest, with a key that never leaves the managers. */
export interface Sealer {
  /** What a content is known by, in hex: 256 bits, the same for the same content and key. Without the key, what is short cannot be guessed by it. */
  fingerprint(content: Uint8Array): string;
  /** @param context what the text belongs to: unsealing it as something else fails. */
  seal(text: string, context: string): string;
  /** @throws Error when the key is another one, or the text was changed. */
  unseal(sealed: string, context: string): string;
}

const MARK = 'sealed:1:';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/**
 * AES-256-GCM with a random nonce for each text.
 * @param hexKey the key file's content: 64 hexadecimal digits.
 */
export function aesSealer(hexKey: string, random: Random): Sealer {
  const key = Buffer.from(hexKey.trim(), 'hex');
  if (key.length !== KEY_BYTES)
    throw new Error(`the key for secrets is not ${KEY_BYTES * 2} hexadecimal digits: restore secrets.key from a backup`);
  // A key of its own for each use (RFC 5869).
  const fingerprintKey = Buffer.from(hkdfSync('sha256', key, '', 'tessera: fingerprints of secrets', KEY_BYTES));
  return {
    fingerprint: (content) => createHmac('sha256', fingerprintKey).update(content).digest('hex'),
    seal(text, context) {
      const nonce = random.bytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return MARK + Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64');
    },
    unseal(sealed, context) {
      if (!sealed.startsWith(MARK)) throw new Error(`${context} is not sealed`);
      const bytes = Buffer.from(sealed.slice(MARK.length), 'base64');
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES)).setAAD(Buffer.from(context));
      decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      return decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
    },
  };
}
