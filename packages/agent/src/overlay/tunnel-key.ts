import { createPrivateKey, createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '@tessera/kit';

/** WireGuard's spelling of a pair of X25519 keys: base64. */
export interface TunnelKey {
  privateKey: string;
  publicKey: string;
}

/** A key is followed by another after so long, as the node's certificate is. WireGuard itself changes the keys of sessions every two minutes. */
const KEY_LIFE_MS = 30 * 24 * 3600 * 1000;
const KEY_BYTES = 32;

/**
 * The node's keys in their files. Private halves never leave the host. The next one is told to the managers first and used once they
 * tell it to the others: so all change at the same moment, and none while no manager is there.
 */
export class TunnelKeys {
  /** @param file of the key in use; the next one lies beside it, with ".next" behind the name */
  constructor(
    private readonly file: string,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /** What the managers are to tell the others: the next key where there is one. Makes it when the present one has lived its time. */
  async offered(): Promise<TunnelKey> {
    const next = await readKey(this.#nextFile);
    if (next) return next;
    const present = await readKey(this.file);
    if (!present) return makeKey(this.file);
    const { mtimeMs } = await stat(this.file);
    return this.clock.now() - mtimeMs < KEY_LIFE_MS ? present : makeKey(this.#nextFile);
  }

  /** The key to use when the others are told `known` of this node. */
  async used(known: string | undefined): Promise<TunnelKey> {
    const next = known === undefined ? undefined : await readKey(this.#nextFile);
    if (next?.publicKey === known && next) await rename(this.#nextFile, this.file);
    return (await readKey(this.file)) ?? makeKey(this.file);
  }

  get #nextFile(): string {
    return `${this.file}.next`;
  }
}

async function makeKey(file: string): Promise<TunnelKey> {
  const { d = '', x = '' } = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' });
  const key = { privateKey: toBase64(d), publicKey: toBase64(x) };
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, `${key.privateKey}\n`, { mode: 0o600, flag: 'wx' });
  return key;
}

/** @returns `undefined` when there is no such file. @throws Error naming the file when what is in it is no key. */
async function readKey(file: string): Promise<TunnelKey | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const privateKey = text.trim();
  const raw = Buffer.from(privateKey, 'base64');
  if (raw.length !== KEY_BYTES) throw new Error(`${file} holds no WireGuard key: remove it, and the agent makes a new one`);
  // PKCS 8 of an X25519 key is this prefix and the key itself (RFC 8410).
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), raw]);
  const { x = '' } = createPublicKey(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })).export({
    format: 'jwk',
  }) as JsonWebKey;
  return { privateKey, publicKey: toBase64(x) };
}

function toBase64(base64url: string): string {
  return Buffer.from(base64url, 'base64url').toString('base64');
}
