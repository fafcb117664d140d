import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Static, Type } from 'typebox';
import { Check } from 'typebox/value';

/** Where a manager keeps what the store does not hold. */
export const DEFAULT_DATA_DIR = '/var/lib/tessera';
/** Pool that networks' subnets are cut from: 4 x 65,536 addresses that Docker does not use by default. */
export const DEFAULT_ADDRESS_POOL = '10.128.0.0/9';

/** Life of certificates in milliseconds. They renew themselves after two thirds of it. */
export const CERTIFICATE_LIFE_MS = { node: 30 * 86_400_000, manager: 90 * 86_400_000, admin: 365 * 86_400_000 } as const;

/** `<data>/cluster.json`: what the cluster object in the store is made of when a manager first starts. */
export const ClusterFile = Type.Object(
  {
    clusterId: Type.String({ pattern: '^[a-z0-9]{1,64}$' }),
    name: Type.String({ minLength: 1, maxLength: 128 }),
    tokenHashes: Type.Object({ worker: Type.String(), manager: Type.String() }),
    addressPool: Type.String(),
    /** Names and addresses that the manager's certificate is made for. */
    addresses: Type.Array(Type.String()),
  },
  { additionalProperties: false },
);
export type ClusterFile = Static<typeof ClusterFile>;

export interface PkiPaths {
  directory: string;
  caCertificate: string;
  caKey: string;
  managerCertificate: string;
  managerKey: string;
  secretsKey: string;
  cluster: string;
}

export function pkiPaths(dataDir: string): PkiPaths {
  const directory = join(dataDir, 'pki');
  return {
    directory,
    caCertificate: join(directory, 'ca.crt'),
    caKey: join(directory, 'ca.key'),
    managerCertificate: join(directory, 'manager.crt'),
    managerKey: join(directory, 'manager.key'),
    secretsKey: join(directory, 'secrets.key'),
    cluster: join(dataDir, 'cluster.json'),
  };
}

/** The cluster of this data directory; undefined when none was initialised. @throws Error naming the file when it cannot be read. */
export async function readClusterFile(dataDir: string): Promise<ClusterFile | undefined> {
  const path = pkiPaths(dataDir).cluster;
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    if (error.code === 'ENOTDIR') throw new Error(`${dataDir} is no folder: choose another --data-dir`, { cause: error });
    throw new Error(`${path} cannot be read: ${error.message}`, { cause: error });
  });
  if (text === undefined) return undefined;
  const value = parseJson(path, text);
  if (!Check(ClusterFile, value)) throw new Error(`${path} is not the file that \`tsctl cluster init\` wrote: restore it from a backup`);
  return value;
}

/** A directory that only its owner enters. */
export async function makePrivateDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await chmod(path, 0o700);
}

/** Writes a file that only its owner reads, whole or not at all, and durably. */
export async function writePrivateFile(path: string, content: string): Promise<void> {
  const draft = `${path}.${randomBytes(4).toString('hex')}.new`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  const directory = await open(dirname(path));
  await directory.sync().finally(() => directory.close());
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${path} is not JSON: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}
