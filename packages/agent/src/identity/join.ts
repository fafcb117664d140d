import { hostname } from 'node:os';
import { ApiError, type BodyOf, type Certificate, ROUTES } from '@tessera/api';
import type { Clock } from '@tessera/kit';
import { parseJoinToken } from '@tessera/kit/pki/join-token';
import { makeSigningRequest } from '@tessera/kit/pki/signing-request';
import { findIdentity, Identity, type IdentityFile, identityPath, saveIdentity } from './identity.js';
import { fetchAuthority, PinMismatch, post } from './manager-request.js';
import { explainFailure } from './tls-failure.js';

export interface JoinOptions {
  /** `https://host:port` of a manager; further ones are remembered for the session. */
  managers: readonly string[];
  /** As `tsctl` showed it: `TSJ-1-…`. */
  token: string;
  dataDir: string;
  clock: Clock;
  /** Name of the node; the host's name when absent. */
  name?: string;
  labels?: Readonly<Record<string, string>>;
  /** Address at which other nodes reach this one; the agent finds it out when absent. */
  advertiseAddress?: string;
}

const DEFAULT_PORT = 4600;

/**
 * Makes this host a node of the cluster and saves who it is. The token is sent only to a server that proved, by the hash
 * in the token, that it belongs to the cluster.
 * @throws Error whose message names the cause and the cure; it never holds the token.
 */
export async function joinCluster(options: JoinOptions): Promise<Identity> {
  await refuseSecondJoin(options.dataDir);
  const managers = options.managers.map(parseManagerUrl);
  const [first] = managers;
  if (!first) throw new Error('say which manager to join: --manager https://<host>:4600');
  const { authorityHash } = parseJoinToken(options.token);
  const ca = await pinnedAuthority(first, authorityHash, options.clock);
  const { csr, key } = await makeSigningRequest();
  const answer = await requestCertificate(first, ca, csr, options);
  const file: IdentityFile = {
    version: 1,
    nodeId: answer.nodeId,
    certificate: answer.certificate,
    key,
    ca,
    managers: managers.map((manager) => manager.origin),
    renewAtMs: options.clock.now() + answer.renewAfterMs,
    ...(options.advertiseAddress !== undefined && { advertiseAddress: options.advertiseAddress }),
  };
  await saveIdentity(options.dataDir, file);
  return new Identity(options.dataDir, file);
}

/** @throws Error when the text is no address of a manager. */
export function parseManagerUrl(text: string): URL {
  const withScheme = text.includes('://') ? text : `https://${text}`;
  let url: URL;
  try {
    url = new URL(withScheme);
  } catch (cause) {
    throw new Error(`--manager ${text}: not an address such as https://manager-1:4600`, { cause });
  }
  if (url.protocol !== 'https:') throw new Error(`--manager ${text}: managers are reached by https:// only`);
  // A URL forgets the port that is its scheme's default: only one that was not written is ours to choose.
  if (url.port === '' && !/:443\/?$/.test(withScheme)) url.port = String(DEFAULT_PORT);
  return url;
}

async function refuseSecondJoin(dataDir: string): Promise<void> {
  const present = await findIdentity(dataDir);
  if (!present) return;
  throw new Error(
    `this host is node ${present.nodeId} of a cluster already (${identityPath(dataDir)}): leave it first with \`tessera-agent leave\`, or choose another --data-dir`,
  );
}

async function pinnedAuthority(manager: URL, authorityHash: string, clock: Clock): Promise<string> {
  try {
    return await fetchAuthority(manager, authorityHash);
  } catch (error) {
    if (!(error instanceof PinMismatch)) throw explained(error, manager, clock);
    throw new Error(
      `${manager.origin} does not belong to the cluster of this token (${error.message}): the token was not sent. Check the address; if the CA was replaced, get a new token with \`tsctl cluster token rotate worker\``,
      { cause: error },
    );
  }
}

async function requestCertificate(
  manager: URL,
  ca: string,
  csr: string,
  { token, name, labels, clock }: JoinOptions,
): Promise<Certificate> {
  const body: BodyOf<typeof ROUTES.join> = {
    token: token.trim(),
    csr,
    hostname: name ?? hostname(),
    ...(labels && { labels: { ...labels } }),
  };
  try {
    return certificateOf(await post(manager, ROUTES.join.path, body, { ca }));
  } catch (error) {
    throw explained(error, manager, clock);
  }
}

/** Checks the answer as far as it is used. @throws Error */
export function certificateOf(answer: unknown): Certificate {
  const { nodeId, certificate, ca, renewAfterMs } = (answer ?? {}) as Partial<Certificate>;
  if (typeof nodeId !== 'string' || typeof certificate !== 'string' || typeof ca !== 'string' || typeof renewAfterMs !== 'number') {
    throw new Error('the answer holds no certificate: manager and agent are of versions that do not fit together');
  }
  return { nodeId, certificate, ca, renewAfterMs };
}

function explained(error: unknown, manager: URL, clock: Clock): Error {
  if (error instanceof ApiError) {
    const cure =
      error.cure ??
      (error.code === 'invalid-token'
        ? 'it may have expired or been rotated: get the present one with `tsctl cluster token rotate worker`'
        : undefined);
    return new Error(`${manager.origin} refuses: ${error.message}${cure ? `. ${cure}` : ''}`, { cause: error });
  }
  return new Error(explainFailure(error, { manager: manager.origin, nowMs: clock.now() }).message, { cause: error });
}
