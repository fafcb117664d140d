import { createPrivateKey, createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** WireGuard's spelling of a pair of X25519 keys: base64. */
export interface TunnelKey {
  privateKey: string;
  publicKey: string;
}

/** The node's key from its file, made when there is none. It leaves the host never, its public half goes to the managers. */
export async function tunnelKey(file: string): Promise<TunnelKey> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text !== undefined) return keyOf(text.trim(), file);
  const { d = '', x = '' } = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' });
  const key = { privateKey: toBase64(d), publicKey: toBase64(x) };
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, `${key.privateKey}\n`, { mode: 0o600, flag: 'wx' });
  return key;
}

/** @throws Error naming the file when what is in it is no key. */
function keyOf(privateKey: string, file: string): TunnelKey {
  const raw = Buffer.from(privateKey, 'base64');
  if (raw.length !== KEY_BYTES) throw new Error(`${file} holds no WireGuard key: remove it, and the agent makes a new one`);
  // PKCS 8 of an X25519 key is this prefix and the key itself (RFC 8410).
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), raw]);
  const { x = '' } = createPublicKey(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })).export({
    format: 'jwk',
  }) as JsonWebKey;
  return { privateKey, publicKey: toBase64(x) };
}

const KEY_BYTES = 32;

function toBase64(base64url: string): string {
  return Buffer.from(base64url, 'base64url').toString('base64');
}
