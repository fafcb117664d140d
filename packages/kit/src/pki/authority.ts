import { createHash, X509Certificate } from 'node:crypto';
import type { Clock } from '../clock/clock.js';
import type { Random } from '../random/random.js';
import { exportPrivateKey, generateKeyPair, SIGNING_ALGORITHM, x509 } from './x509.js';

const DAY_MS = 86_400_000;
/** The CA lives as long as a cluster may: 20 years. */
const AUTHORITY_LIFE_MS = 20 * 365 * DAY_MS;
/** Certificates are valid from an hour before they are made, so that hosts whose clocks are behind take them. */
export const CLOCK_SKEW_MS = 3_600_000;

/** The certificate authority of one cluster. */
export interface Authority {
  /** In PEM. */
  certificate: string;
  /** Private key in PEM. Never leaves the managers' data directories. */
  key: string;
}

export interface AuthorityOptions {
  clusterId: string;
  clock: Clock;
  random: Random;
  /** Common name. */
  name?: string;
  /** How many CAs there may be between it and a certificate. */
  pathLength?: number;
}

/** A new CA for the cluster, self-signed. Its subject is O=clusterId, CN=Tessera CA unless another name is given. */
export async function createAuthority({ name = 'Tessera CA', pathLength = 0, ...options }: AuthorityOptions): Promise<Authority> {
  const keys = await generateKeyPair();
  const now = options.clock.now();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(options.random),
    name: [{ CN: [name] }, { O: [options.clusterId] }],
    notBefore: new Date(now - CLOCK_SKEW_MS),
    notAfter: new Date(now + AUTHORITY_LIFE_MS),
    signingAlgorithm: SIGNING_ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, pathLength, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, key: await exportPrivateKey(keys.privateKey) };
}

/** sha256 of the certificate's DER form, in hex: what a join token pins. @throws Error when it is no certificate. */
export function fingerprint(certificate: string | Uint8Array): string {
  const der = typeof certificate === 'string' ? new X509Certificate(certificate).raw : certificate;
  return createHash('sha256').update(der).digest('hex');
}

/** A positive serial number of 127 random bits, in hex. */
export function newSerial(random: Random): string {
  const bytes = random.bytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}
