import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { HttpFile, ServiceSpec } from '@tessera/api';

/** The content of a config or secret in base64, as it will be once a plan is carried out. */
export type ContentOf = (file: HttpFile) => string | undefined;

/**
 * What is wrong with the certificates that the service's rules give, a sentence each: one that a proxy refuses would keep it from every later
 * change.
 */
export function certificateProblems({ name, http = [] }: ServiceSpec, contentOf: ContentOf): string[] {
  const given = http.flatMap(({ tls }) => (tls.mode === 'given' ? [tls] : []));
  return given.flatMap(({ certificate, key }) => {
    const [chain, secret] = [contentOf(certificate), contentOf(key)];
    // That there is none is told with the other references.
    if (chain === undefined || secret === undefined) return [];
    const problem = pairProblem(Buffer.from(chain, 'base64'), Buffer.from(secret, 'base64'));
    return problem === undefined ? [] : [`service '${name}': certificate '${certificate.name}' ${problem(key.name)}`];
  });
}

function pairProblem(chain: Buffer, secret: Buffer): ((key: string) => string) | undefined {
  try {
    const certificate = new X509Certificate(chain);
    const key = parsedKey(secret);
    if (!key) return (name) => `cannot be used: '${name}' holds no private key in PEM without a passphrase`;
    return certificate.checkPrivateKey(key) ? undefined : (name) => `and key '${name}' do not belong together`;
  } catch {
    return () => 'holds no certificate in PEM';
  }
}

function parsedKey(secret: Buffer): ReturnType<typeof createPrivateKey> | undefined {
  try {
    return createPrivateKey(secret);
  } catch {
    return undefined;
  }
}
