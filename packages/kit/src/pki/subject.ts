import { X509Certificate } from 'node:crypto';

/** What the holder of a certificate is. `manager` is a server, the others are clients. */
export const CERTIFICATE_ROLES = ['node', 'admin', 'manager'] as const;
export type CertificateRole = (typeof CERTIFICATE_ROLES)[number];

/** Who a certificate was made for: CN is the id, O the cluster, OU the role. */
export interface CertificateSubject {
  /** Node id, or the name of a person. */
  id: string;
  clusterId: string;
  role: CertificateRole;
}

/** Parts of a subject as `node:tls` tells them; a name that occurs twice is a list. */
export interface SubjectParts {
  CN?: string | string[] | undefined;
  O?: string | string[] | undefined;
  OU?: string | string[] | undefined;
}

/** The subject in the form of Tessera; undefined when a part is missing, doubled or no role. Says nothing about who signed it. */
export function subjectOf(parts: SubjectParts): CertificateSubject | undefined {
  const { CN: id, O: clusterId, OU: role } = parts;
  if (typeof id !== 'string' || typeof clusterId !== 'string' || !isRole(role)) return undefined;
  return { id, clusterId, role };
}

/** The subject of a certificate in PEM. @throws Error when it is no certificate of a Tessera cluster. */
export function subjectOfPem(certificate: string): CertificateSubject {
  const parts = Object.fromEntries(new X509Certificate(certificate).subject.split('\n').map(splitPart));
  const subject = subjectOf(parts);
  if (!subject) throw new Error('the certificate is not one of a Tessera cluster: its subject needs CN, O and OU=node, admin or manager');
  return subject;
}

/**
 * For TLS clients, in place of the check of the host's name: the chain up to the cluster's own CA is verified before, and only
 * managers have the role `manager`, so that a manager may be reached by any address or name.
 */
export function checkManagerIdentity(_host: string, certificate: { subject: SubjectParts }): Error | undefined {
  if (subjectOf(certificate.subject)?.role === 'manager') return undefined;
  return new Error('the certificate that the server shows is not one of a manager');
}

function isRole(value: unknown): value is CertificateRole {
  return CERTIFICATE_ROLES.some((role) => role === value);
}

function splitPart(line: string): [string, string] {
  const at = line.indexOf('=');
  return [line.slice(0, at), line.slice(at + 1)];
}
