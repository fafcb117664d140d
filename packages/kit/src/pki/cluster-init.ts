import { access } from 'node:fs/promises';
import type { Clock } from '../clock/clock.js';
import { newId, type Random } from '../random/random.js';
import { type Authority, createAuthority, fingerprint } from './authority.js';
import {
  CERTIFICATE_LIFE_MS,
  type ClusterFile,
  DEFAULT_ADDRESS_POOL,
  makePrivateDirectory,
  pkiPaths,
  writePrivateFile,
} from './data-dir.js';
import { issue } from './issuer.js';
import { hashJoinToken, makeJoinToken } from './join-token.js';

export interface ClusterInitOptions {
  dataDir: string;
  name: string;
  /** Names and addresses at which the manager is reached. */
  addresses: readonly string[];
  /** In CIDR form; 10.128.0.0/9 when absent. */
  addressPool?: string;
  random: Random;
  clock: Clock;
}

export interface NewCluster {
  clusterId: string;
  /** What `tsctl` needs to be let in: CA, certificate and private key in PEM. */
  admin: { ca: string; certificate: string; key: string };
  /** Shown once: the cluster keeps only their hashes. */
  workerToken: string;
  managerToken: string;
}

/**
 * Makes a new cluster in an empty data directory: CA, the manager's certificate, the key that secrets are encrypted
 * with, and `cluster.json`, which is written last and says that all is there.
 * @throws Error when the directory holds a cluster already; nothing is overwritten.
 */
export async function initCluster(options: ClusterInitOptions): Promise<NewCluster> {
  const { dataDir, clock, random } = options;
  await refuseExisting(dataDir);
  const clusterId = newId(random);
  const authority = await createAuthority({ clusterId, clock, random });
  const authorityHash = fingerprint(authority.certificate);
  const [workerToken, managerToken] = [makeJoinToken('worker', authorityHash, random), makeJoinToken('manager', authorityHash, random)];
  await writePki(options, clusterId, authority);
  const file: ClusterFile = {
    clusterId,
    name: options.name,
    tokenHashes: { worker: hashJoinToken(workerToken), manager: hashJoinToken(managerToken) },
    addressPool: options.addressPool ?? DEFAULT_ADDRESS_POOL,
    addresses: [...options.addresses],
  };
  await writePrivateFile(pkiPaths(dataDir).cluster, `${JSON.stringify(file, undefined, 2)}\n`);
  const admin = await issue({
    authority,
    subject: { id: 'admin', clusterId, role: 'admin' },
    lifeMs: CERTIFICATE_LIFE_MS.admin,
    clock,
    random,
  });
  return { clusterId, admin: { ca: authority.certificate, ...admin }, workerToken, managerToken };
}

async function refuseExisting(dataDir: string): Promise<void> {
  const present = await findCluster(dataDir);
  if (present !== undefined)
    throw new Error(
      `${dataDir} holds a cluster already (${present}): choose another --data-dir, or remove it if the cluster is to be lost for good`,
    );
}

/** The file that shows that a data directory holds a cluster, or part of one; undefined when it holds none. */
export async function findCluster(dataDir: string): Promise<string | undefined> {
  const paths = pkiPaths(dataDir);
  for (const path of [paths.cluster, paths.caKey, paths.secretsKey]) {
    const exists = await access(path).then(
      () => true,
      () => false,
    );
    if (exists) return path;
  }
  return undefined;
}

async function writePki(options: ClusterInitOptions, clusterId: string, authority: Authority): Promise<void> {
  const { dataDir, addresses, clock, random } = options;
  const paths = pkiPaths(dataDir);
  const subject = { id: newId(random), clusterId, role: 'manager' } as const;
  const manager = await issue({ authority, subject, lifeMs: CERTIFICATE_LIFE_MS.manager, addresses, clock, random });
  await makePrivateDirectory(dataDir);
  await makePrivateDirectory(paths.directory);
  await writePrivateFile(paths.caCertificate, authority.certificate);
  await writePrivateFile(paths.caKey, authority.key);
  await writePrivateFile(paths.managerCertificate, manager.certificate);
  await writePrivateFile(paths.managerKey, manager.key);
  await writePrivateFile(paths.secretsKey, `${Buffer.from(random.bytes(32)).toString('hex')}\n`);
}
