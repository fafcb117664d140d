import { type CryptoKey, exportPrivateKey, generateKeyPair, importPrivateKey, publicKeyOf, SIGNING_ALGORITHM, x509 } from './x509.js';

export interface SigningRequest {
  /** PKCS #10 in PEM. */
  csr: string;
  /** Private key in PEM: it never leaves the host that made it. */
  key: string;
}

/**
 * A request to be given a certificate, signed with the key that it is for: a new one, or `key` in PEM.
 * It says nothing about who asks: the CA decides on the subject.
 */
export async function makeSigningRequest(key?: string): Promise<SigningRequest> {
  const privateKey = key === undefined ? undefined : await importPrivateKey(key);
  const keys = privateKey ? { privateKey, publicKey: await publicKeyOf(privateKey) } : await generateKeyPair();
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ name: 'CN=request', keys, signingAlgorithm: SIGNING_ALGORITHM });
  return { csr: `${request.toString('pem')}\n`, key: key ?? (await exportPrivateKey(keys.privateKey)) };
}

/** The public key of a request whose signature holds. @throws Error that says what is wrong with the request. */
export async function verifySigningRequest(csr: string): Promise<CryptoKey> {
  const request = parse(csr);
  const { algorithm } = request.publicKey;
  if (algorithm.name !== 'ECDSA' || !('namedCurve' in algorithm) || algorithm.namedCurve !== 'P-256')
    throw new Error('the signing request is not for an ECDSA key on the curve P-256');
  if (!(await request.verify())) throw new Error('the signature of the signing request does not fit its key');
  return request.publicKey.export();
}

function parse(csr: string): x509.Pkcs10CertificateRequest {
  try {
    return new x509.Pkcs10CertificateRequest(csr);
  } catch (cause) {
    throw new Error('the signing request is not a PKCS #10 request in PEM', { cause });
  }
}
