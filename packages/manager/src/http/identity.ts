import type { TLSSocket } from 'node:tls';
import { type Access, ApiError } from '@tessera/api';
import { type CertificateRole, type CertificateSubject, type SubjectParts, subjectOf } from '@tessera/kit/pki/index';

/** Which certificates a route lets in. A manager holds the CA's key, so nothing would be kept from it. */
const ALLOWED: Readonly<Record<Exclude<Access, 'open'>, readonly CertificateRole[]>> = {
  node: ['node'],
  manager: ['manager'],
  viewer: ['admin', 'manager'],
  admin: ['admin', 'manager'],
};

const REASONS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'the client certificate has expired',
  CERT_NOT_YET_VALID: 'the client certificate is not valid yet: is the clock right?',
};

const CURE = 'use the certificate that `tsctl cluster init` or `tessera-agent join` made for this cluster';

/** What a connection proves about who is at its other end. */
export interface Identity {
  subject: CertificateSubject;
  /** End of the certificate's life, in milliseconds since 1970. */
  validUntil: number;
}

const identities = new WeakMap<TLSSocket, Identity>();

/**
 * Checks that the client at the other end of `socket` may use a route.
 * @throws ApiError `unauthenticated` or `forbidden`, saying what is wrong with the certificate.
 */
export function authorise(socket: TLSSocket, access: Exclude<Access, 'open'>, now: number): CertificateSubject {
  const identity = identities.get(socket) ?? identify(socket);
  identities.set(socket, identity);
  // A connection may outlive the certificate that it was opened with.
  if (identity.validUntil < now) throw new ApiError('unauthenticated', 'the client certificate has expired', { cure: CURE });
  const allowed = ALLOWED[access];
  if (allowed.includes(identity.subject.role)) return identity.subject;
  throw new ApiError('forbidden', `a certificate with the role '${identity.subject.role}' does not allow this`, {
    cure: `use one with the role '${allowed[0]}'`,
  });
}

function identify(socket: TLSSocket): Identity {
  const certificate = socket.getPeerCertificate();
  if (!certificate?.raw) throw new ApiError('unauthenticated', 'a client certificate is needed', { cure: CURE });
  if (!socket.authorized) {
    const reason = REASONS[String(socket.authorizationError)] ?? "the client certificate was not signed by this cluster's CA";
    throw new ApiError('unauthenticated', reason, { cure: CURE });
  }
  const subject = subjectOf(certificate.subject as SubjectParts);
  if (!subject) throw new ApiError('unauthenticated', 'the client certificate does not say whom it is for', { cure: CURE });
  return { subject, validUntil: Date.parse(certificate.valid_to) };
}
