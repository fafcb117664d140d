import { ApiError, type BodyOf, type Certificate, type Node, type Routes } from '@tessera/api';
import { jittered, newId } from '@tessera/kit';
import {
  CERTIFICATE_LIFE_MS,
  fingerprint,
  hashJoinToken,
  issueFromRequest,
  type JoinRole,
  parseJoinToken,
  sameHash,
} from '@tessera/kit/pki/index';
import type { ClusterView } from '../model/view.js';
import { clusterOf } from './cluster.js';
import { commitPlan } from './commit.js';
import type { UseCaseContext } from './context.js';

type JoinRequest = BodyOf<Routes['join']>;

const TOKEN_CURE = '`tsctl cluster token rotate worker` makes a new token';
/** What a node's name may consist of; everything else in a hostname becomes a hyphen. */
const NOT_IN_NAME = /[^a-zA-Z0-9_.-]+/g;
const MAX_NAME_LENGTH = 100;

/**
 * Lets a host into the cluster: a node object and a certificate for its key.
 * @throws ApiError `invalid-token` when the token is wrong or was rotated, `invalid-request` when the signing request does not hold.
 */
export async function join(context: UseCaseContext, request: JoinRequest): Promise<Certificate> {
  const { random, clock } = context;
  const role = checkToken(context, request.token);
  const nodeId = newId(random);
  const certificate = await certify(context, nodeId, request.csr);
  await commitPlan(context, (view) => {
    const now = clock.now();
    const object: Node = {
      id: nodeId,
      revision: 0,
      createdAt: now,
      updatedAt: now,
      name: freeName(view, request.hostname),
      spec: { availability: 'active', labels: request.labels ?? {}, role },
      status: { state: 'unknown', message: 'joined, and not connected yet', at: now },
    };
    return { units: [[{ type: 'put', kind: 'nodes', object, expect: 'absent' }]], result: undefined };
  });
  return certificate;
}

/** A new certificate for a node of the cluster. @throws ApiError `forbidden` when the node was removed. */
export async function renew(context: UseCaseContext, nodeId: string, csr: string): Promise<Certificate> {
  if (!context.store.view.get('nodes', nodeId))
    throw new ApiError('forbidden', 'this node was removed from the cluster', { cure: 'join it again with a token' });
  return certify(context, nodeId, csr);
}

function checkToken({ store, authority }: UseCaseContext, text: string): JoinRole {
  const token = parse(text);
  if (token.authorityHash !== fingerprint(authority.certificate))
    throw new ApiError('invalid-token', 'the join token is for another cluster', { cure: TOKEN_CURE });
  const { tokenHashes } = clusterOf(store.view);
  if (!sameHash(hashJoinToken(text), tokenHashes[token.role]))
    throw new ApiError('invalid-token', `the join token for a ${token.role} is not valid: it was rotated`, {
      cure: `\`tsctl cluster token rotate ${token.role}\` makes a new token`,
    });
  return token.role;
}

function parse(text: string): ReturnType<typeof parseJoinToken> {
  try {
    return parseJoinToken(text);
  } catch (error) {
    throw new ApiError('invalid-token', error instanceof Error ? error.message : String(error), { cure: TOKEN_CURE });
  }
}

async function certify({ store, authority, clock, random }: UseCaseContext, nodeId: string, csr: string): Promise<Certificate> {
  const { clusterId } = clusterOf(store.view);
  const lifeMs = CERTIFICATE_LIFE_MS.node;
  const subject = { id: nodeId, clusterId, role: 'node' } as const;
  const certificate = await issueFromRequest({ authority, subject, lifeMs, csr, clock, random }).catch((error: unknown) => {
    throw new ApiError('invalid-request', error instanceof Error ? error.message : String(error), {
      cure: 'make a new signing request',
      cause: error,
    });
  });
  return { nodeId, certificate, ca: authority.certificate, renewAfterMs: renewAfter(lifeMs, () => jittered(random, lifeMs / 6)) };
}

/** From a half to two thirds of its life, so that nodes that joined together do not renew together. */
function renewAfter(lifeMs: number, jitter: () => number): number {
  return Math.round((lifeMs * 2) / 3 - jitter());
}

/** The hostname, with `-2`, `-3`… when another node has it. */
function freeName(view: ClusterView, hostname: string): string {
  const cleaned = hostname
    .replace(NOT_IN_NAME, '-')
    .slice(0, MAX_NAME_LENGTH)
    .replace(/^[^a-zA-Z0-9]+|[^a-zA-Z0-9]+$/g, '');
  const base = cleaned === '' ? 'node' : cleaned;
  for (let number = 1; ; number++) {
    const name = number === 1 ? base : `${base}-${number}`;
    if (!view.byName('nodes', name)) return name;
  }
}
