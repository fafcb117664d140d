import { type Static, Type } from 'typebox';
import { strictObject, Timestamp } from '../spec/common.js';
import { textHash } from '../spec/template-hash.js';
import { stored } from './stored.js';

/** What an ACME authority has certified for a host with `tls: auto`. Id: `certificateId`. Written by the certificate controller, unless told. */
export const HostCertificate = stored({
  host: Type.String({ maxLength: 253 }),
  /** What is served. Chain and key are the content of a secret with this hash. */
  issued: Type.Optional(
    strictObject({
      hash: Type.String(),
      directory: Type.String({ maxLength: 2048 }),
      /** When it came, by the manager's clock; the others as the certificate says. */
      at: Timestamp,
      notBefore: Timestamp,
      notAfter: Timestamp,
    }),
  ),
  /** Attempts that failed since the last certificate. */
  failure: Type.Optional(
    strictObject({
      /** When the last one did. */
      at: Timestamp,
      count: Type.Integer({ minimum: 1 }),
      error: Type.String({ maxLength: 4096 }),
      /** Hash of the settings that it went by: others are tried at once. */
      settings: Type.String(),
    }),
  ),
  /** When a new one was asked for last, though the one of then was good or it was too early for another attempt. Written by the user. */
  askedAt: Type.Optional(Timestamp),
});
export type HostCertificate = Static<typeof HostCertificate>;

export function certificateId(host: string): string {
  return textHash(host);
}
