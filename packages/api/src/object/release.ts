import { type Static, Type } from 'typebox';
import { Id, Labels, Name, oneOf, strictObject, Timestamp } from '../spec/common.js';
import { NetworkSpec } from '../spec/stack-spec.js';
import { stored } from './stored.js';

/**
 * The immutable content of configs or secrets, by its hash: what was deployed once is there as long as something that may run or come
 * back names it. Id: `contentId`. `data`: base64; sealed in the store for secrets, empty for them in every answer of the API.
 */
export const Content = stored({ secret: Type.Boolean(), hash: Type.String(), data: Type.String() });
export type Content = Static<typeof Content>;

/** What came of a release. Written by the release controller. */
export const ReleaseOutcome = strictObject({
  /**
   * `rolling-out`: not all of it runs yet. `completed`: all did. `failed`: a service cannot come up or did not stay.
   * `rolled-back`: it failed, and a former release was made current again. `superseded`: another came before it was done.
   */
  state: oneOf(['rolling-out', 'completed', 'failed', 'rolled-back', 'superseded']),
  message: Type.String({ maxLength: 4096 }),
  at: Timestamp,
});
export type ReleaseOutcome = Static<typeof ReleaseOutcome>;

/**
 * What a deploy made of a stack: all that carried its name afterwards. Immutable but for its outcome. Id: `releaseId`.
 * Written by the user.
 */
export const Release = stored({
  stackId: Id,
  stack: Name,
  /** From 1, without holes. */
  number: Type.Integer({ minimum: 1 }),
  /** The specs are revisions, which stay as long as a release names them. */
  services: Type.Array(strictObject({ name: Name, serviceId: Id, specRevision: Type.Integer({ minimum: 1 }) })),
  networks: Type.Array(NetworkSpec),
  /** By the hash of their contents, which stay as long as a release names them. */
  files: Type.Array(strictObject({ kind: oneOf(['configs', 'secrets']), name: Name, labels: Labels, hash: Type.String() })),
  /** Who made it, as the certificate says. */
  author: Type.String({ maxLength: 256 }),
  message: Type.Optional(Type.String({ maxLength: 1024 })),
  /** Makes this earlier release current again. */
  restores: Type.Optional(Type.Integer({ minimum: 1 })),
  /** When a service fails, all of the stack go back to the last release that was completed. */
  atomic: Type.Boolean(),
  outcome: ReleaseOutcome,
});
export type Release = Static<typeof Release>;

/** Of the content with this hash in hex; 252 bits of it, since ids have 64 characters at most. */
export function contentId(kind: 'configs' | 'secrets', hash: string): string {
  return `${kind === 'secrets' ? 's' : 'c'}${hash.slice(0, 63)}`;
}

export function releaseId(stackId: string, number: number): string {
  return `${stackId}n${number}`;
}
