import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Clock, Random } from '@tessera/kit';
import {
  type Authority,
  CERTIFICATE_LIFE_MS,
  type ClusterFile,
  issue,
  pkiPaths,
  readClusterFile,
  subjectOfPem,
  writePrivateFile,
} from '@tessera/kit/pki/index';
import type { ServerCredentials } from '../http/server.js';

/** What a manager's data directory holds. */
export interface ManagerIdentity {
  cluster: ClusterFile;
  authority: Authority;
  managerId: string;
  /** Key for secrets at rest, in hex. */
  secretsKey: string;
}

/** @throws Error that says how to make what is missing. */
export async function loadIdentity(dataDir: string): Promise<ManagerIdentity> {
  const cluster = await readClusterFile(dataDir);
  if (!cluster) throw new Error(`${dataDir} holds no cluster: run \`tsctl cluster init --data-dir ${dataDir}\` first`);
  const paths = pkiPaths(dataDir);
  // One after the other, so that of several that are missing it is always the same one that is named.
  const certificate = await readPart(paths.caCertificate);
  const key = await readPart(paths.caKey);
  const secretsKey = await readPart(paths.secretsKey);
  const managerCertificate = await readPart(paths.managerCertificate);
  return { cluster, authority: { certificate, key }, managerId: subjectOfPem(managerCertificate).id, secretsKey };
}

export interface CredentialsOptions {
  dataDir: string;
  identity: ManagerIdentity;
  /** Names and addresses for the certificate. */
  addresses: readonly string[];
  clock: Clock;
  random: Random;
}

/** The manager's certificate: the one on disk, or a new one when that is past two thirds of its life or lacks an address. */
export async function currentCredentials(options: CredentialsOptions): Promise<ServerCredentials> {
  const { dataDir, identity, addresses, clock, random } = options;
  const { authority, cluster, managerId } = identity;
  const paths = pkiPaths(dataDir);
  const certificate = await readPart(paths.managerCertificate);
  const key = await readPart(paths.managerKey);
  if (isGood(certificate, addresses, clock.now())) return { certificate, key, ca: authority.certificate };
  const subject = { id: managerId, clusterId: cluster.clusterId, role: 'manager' } as const;
  const issued = await issue({ authority, subject, lifeMs: CERTIFICATE_LIFE_MS.manager, addresses, clock, random });
  // The key first: a certificate without its key would keep the manager from starting, and both are renewed together.
  await writePrivateFile(paths.managerKey, issued.key);
  await writePrivateFile(paths.managerCertificate, issued.certificate);
  return { ...issued, ca: authority.certificate };
}

function isGood(pem: string, addresses: readonly string[], now: number): boolean {
  const certificate = new X509Certificate(pem);
  const isFresh = Date.parse(certificate.validTo) - now > CERTIFICATE_LIFE_MS.manager / 3;
  const names = certificate.subjectAltName ?? '';
  return isFresh && addresses.every((address) => names.includes(`:${address}`));
}

async function readPart(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`${path} cannot be read (${error.code}): restore it from a backup of the data directory`, { cause: error });
  });
}
