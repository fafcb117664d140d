import { X509Certificate } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateDirectory, writePrivateFile } from '@tessera/kit/pki/data-dir';

/** What a node got when it joined. All of it in one file, so that it is replaced whole or not at all. */
export interface IdentityFile {
  version: 1;
  nodeId: string;
  /** In PEM. */
  certificate: string;
  key: string;
  ca: string;
  /** `https://host:port` of the managers. */
  managers: string[];
  /** When to ask for a new certificate, in milliseconds since 1970. */
  renewAtMs: number;
  /** Address at which other nodes reach this one, when it was given. */
  advertiseAddress?: string;
}

/** What a renewal brings. */
export type RenewedParts = Pick<IdentityFile, 'certificate' | 'key' | 'ca' | 'renewAtMs'>;

/** Who this node is. Its certificate changes when it is renewed: read it anew for each connection. */
export class Identity {
  #file: IdentityFile;

  constructor(
    readonly dataDir: string,
    file: IdentityFile,
  ) {
    this.#file = file;
  }

  get nodeId(): string {
    return this.#file.nodeId;
  }

  get certificate(): string {
    return this.#file.certificate;
  }

  get key(): string {
    return this.#file.key;
  }

  get ca(): string {
    return this.#file.ca;
  }

  get managers(): readonly string[] {
    return this.#file.managers;
  }

  get renewAtMs(): number {
    return this.#file.renewAtMs;
  }

  get advertiseAddress(): string | undefined {
    return this.#file.advertiseAddress;
  }

  /** End of the certificate's life, in milliseconds since 1970. */
  get expiresAtMs(): number {
    return Date.parse(new X509Certificate(this.#file.certificate).validTo);
  }

  /** Takes over a renewed certificate once it is on disk. */
  async renew(parts: RenewedParts): Promise<void> {
    const file = { ...this.#file, ...parts };
    await saveIdentity(this.dataDir, file);
    this.#file = file;
  }
}

export function identityPath(dataDir: string): string {
  return join(dataDir, 'agent', 'identity.json');
}

/** The identity of this host, or `undefined` when it has not joined. @throws Error naming the file when it is damaged. */
export async function findIdentity(dataDir: string): Promise<Identity | undefined> {
  const path = identityPath(dataDir);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    if (error.code === 'ENOTDIR') throw new Error(`${dataDir} is no folder: choose another --data-dir`, { cause: error });
    throw new Error(`${path} cannot be read: ${error.message}`, { cause: error });
  });
  return text === undefined ? undefined : new Identity(dataDir, parseFile(path, text));
}

/** The identity of this host. @throws Error that says how to join when it has none. */
export async function loadIdentity(dataDir: string): Promise<Identity> {
  const identity = await findIdentity(dataDir);
  if (identity) return identity;
  throw new Error(
    `this host is not part of a cluster: ${identityPath(dataDir)} does not exist. Join it with \`tessera-agent join --manager https://<host>:4600 --token <token>\``,
  );
}

/** Writes the identity, whole or not at all, readable by its owner only. */
export async function saveIdentity(dataDir: string, file: IdentityFile): Promise<void> {
  await makePrivateDirectory(join(dataDir, 'agent'));
  await writePrivateFile(identityPath(dataDir), `${JSON.stringify(file, undefined, 2)}\n`);
}

/** Forgets who this node is: the last step of leaving the cluster. */
export async function removeIdentity(dataDir: string): Promise<void> {
  await rm(identityPath(dataDir), { force: true });
}

function parseFile(path: string, text: string): IdentityFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${path} is not JSON: restore it from a backup, or leave the cluster and join again`, { cause: error });
  }
  if (!isIdentityFile(value))
    throw new Error(`${path} is not the file that \`tessera-agent join\` wrote: restore it, or leave the cluster and join again`);
  return value;
}

function isIdentityFile(value: unknown): value is IdentityFile {
  const file = value as Partial<IdentityFile> | null;
  const texts = [file?.nodeId, file?.certificate, file?.key, file?.ca];
  return (
    file?.version === 1 &&
    texts.every((text) => typeof text === 'string') &&
    Array.isArray(file.managers) &&
    typeof file.renewAtMs === 'number'
  );
}
