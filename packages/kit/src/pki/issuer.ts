import { isIP } from 'node:net';
import type { Clock } from '../clock/clock.js';
import type { Random } from '../random/random.js';
import { type Authority, CLOCK_SKEW_MS, newSerial } from './authority.js';
import { verifySigningRequest } from './signing-request.js';
import type { CertificateSubject } from './subject.js';
import { type CryptoKey, exportPrivateKey, generateKeyPair, importPrivateKey, SIGNING_ALGORITHM, x509 } from './x509.js';

export interface IssueOptions {
  authority: Authority;
  subject: CertificateSubject;
  /** How long it is valid from now on, in milliseconds. */
  lifeMs: number;
  /** Addresses and names that a server answers on. */
  addresses?: readonly string[];
  clock: Clock;
  random: Random;
}

export interface IssuedCertificate {
  /** In PEM, without the CA's. */
  certificate: string;
  /** Private key in PEM. */
  key: string;
}

/** A certificate with a new key. Managers may be server and client, everybody else client only. */
export async function issue(options: IssueOptions): Promise<IssuedCertificate> {
  const keys = await generateKeyPair();
  return { certificate: await sign(options, keys.publicKey), key: await exportPrivateKey(keys.privateKey) };
}

/** A certificate in PEM for the key of a signing request. What the request says of its subject is ignored. @throws Error when the request does not hold. */
export async function issueFromRequest(options: IssueOptions & { csr: string }): Promise<string> {
  return sign(options, await verifySigningRequest(options.csr));
}

async function sign(options: IssueOptions, publicKey: CryptoKey): Promise<string> {
  const { authority, subject, clock, random } = options;
  const issuer = new x509.X509Certificate(authority.certificate);
  const now = clock.now();
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(random),
    subject: [{ CN: [subject.id] }, { O: [subject.clusterId] }, { OU: [subject.role] }],
    issuer: issuer.subjectName,
    notBefore: new Date(now - CLOCK_SKEW_MS),
    notAfter: new Date(now + options.lifeMs),
    signingKey: await importPrivateKey(authority.key),
    signingAlgorithm: SIGNING_ALGORITHM,
    publicKey,
    extensions: await extensionsFor(options, issuer, publicKey),
  });
  return `${certificate.toString('pem')}\n`;
}

async function extensionsFor(options: IssueOptions, issuer: x509.X509Certificate, publicKey: CryptoKey): Promise<x509.Extension[]> {
  const usages =
    options.subject.role === 'manager'
      ? [x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]
      : [x509.ExtendedKeyUsage.clientAuth];
  const extensions: x509.Extension[] = [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension(usages),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
    await x509.AuthorityKeyIdentifierExtension.create(issuer),
  ];
  const names = (options.addresses ?? []).map((value) => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value }));
  if (names.length > 0) extensions.push(new x509.SubjectAlternativeNameExtension(names));
  return extensions;
}
