import { createHash, timingSafeEqual } from 'node:crypto';
import type { Random } from '../random/random.js';

export type JoinRole = 'worker' | 'manager';

/** `TSJ-1-<w or m>-<sha256 of the CA's DER>-<secret>`: lets a host check the manager before it says the secret. */
export interface JoinToken {
  role: JoinRole;
  /** sha256 of the CA's certificate in DER form, in hex. */
  authorityHash: string;
  /** 128 random bits in hex. */
  secret: string;
}

const LETTERS: Readonly<Record<JoinRole, string>> = { worker: 'w', manager: 'm' };

const CURE = 'A new one is made by `tsctl cluster token rotate worker`';

export function makeJoinToken(role: JoinRole, authorityHash: string, random: Random): string {
  return `TSJ-1-${LETTERS[role]}-${authorityHash}-${Buffer.from(random.bytes(16)).toString('hex')}`;
}

/** @throws Error that names the part which is wrong, but never repeats the token. */
export function parseJoinToken(text: string): JoinToken {
  const parts = text.trim().split('-');
  if (parts[0] !== 'TSJ') throw new Error(`this is not a join token: it does not begin with 'TSJ-'. ${CURE}`);
  if (parts[1] !== '1')
    throw new Error(`the join token has version '${(parts[1] ?? '').slice(0, 8)}', and only version 1 is known here. ${CURE}`);
  if (parts.length !== 5) throw new Error(`the join token has ${parts.length} parts instead of 5: was it cut when it was copied? ${CURE}`);
  const [, , letter, authorityHash = '', secret = ''] = parts;
  const role = letter === 'w' ? 'worker' : letter === 'm' ? 'manager' : undefined;
  if (!role) throw new Error(`the third part of the join token is neither 'w' (worker) nor 'm' (manager). ${CURE}`);
  if (!/^[0-9a-f]{64}$/.test(authorityHash))
    throw new Error(
      `the fourth part of the join token, the CA's hash, is not 64 hexadecimal digits: was it cut when it was copied? ${CURE}`,
    );
  if (!/^[0-9a-f]{32}$/.test(secret))
    throw new Error(`the last part of the join token is not 32 hexadecimal digits: was it cut when it was copied? ${CURE}`);
  return { role, authorityHash, secret };
}

/** What the cluster keeps of a token: sha256 of the whole text, in hex. The secret has 128 bits, so no slow hash is needed. */
export function hashJoinToken(text: string): string {
  return createHash('sha256').update(text.trim()).digest('hex');
}

/** Compares two hashes in hex in a time that does not depend on where they differ. */
export function sameHash(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a, 'hex'), Buffer.from(b, 'hex')];
  return left.length === right.length && left.length > 0 && timingSafeEqual(left, right);
}
