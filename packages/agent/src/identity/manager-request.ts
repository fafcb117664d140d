import { request } from 'node:https';
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { ApiError } from '@tessera/api';
import { fingerprint } from '@tessera/kit/pki/authority';
import { checkManagerIdentity } from '@tessera/kit/pki/subject';

/** No answer of a manager to these requests is longer. */
const MAX_ANSWER_BYTES = 256 * 1024;
const ANSWER_LIMIT_MS = 15_000;

/** Certificates and keys in PEM for a connection to a manager. */
export interface Credentials {
  ca: string;
  certificate?: string;
  key?: string;
}

/** TLS options by which only managers of the cluster are spoken to, under whatever address they are reached. */
export function managerTls({ ca, certificate, key }: Credentials) {
  return {
    ca,
    ...(certificate !== undefined && { cert: certificate }),
    ...(key !== undefined && { key }),
    minVersion: 'TLSv1.3' as const,
    rejectUnauthorized: true,
    // The address is not compared: the cluster's own CA gives the role `manager` to managers alone, so that they may
    // also be reached by addresses (NAT, a balancer) that were not known when the certificate was made.
    checkServerIdentity: checkManagerIdentity,
  };
}

/**
 * The CA's certificate in PEM as the manager shows it in its chain, if its sha256 is `authorityHash`.
 * Nothing is sent to the server. @throws PinMismatch, or an error of the socket.
 */
export function fetchAuthority(manager: URL, authorityHash: string): Promise<string> {
  return new Promise((resolve, reject) => {
    // Whoever answers is only listened to: its certificates are judged by their hash.
    const socket = connect({
      host: hostOf(manager),
      port: portOf(manager),
      minVersion: 'TLSv1.3',
      rejectUnauthorized: false,
      ...serverName(manager),
    });
    socket.setTimeout(ANSWER_LIMIT_MS, () => socket.destroy(timeout()));
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      const chain = chainOf(socket);
      socket.destroy();
      const authority = chain.find((certificate) => fingerprint(certificate.raw) === authorityHash);
      if (authority) resolve(toPem(authority.raw));
      else reject(new PinMismatch(chain.length));
    });
  });
}

/** The server's chain does not hold the CA that the token names. */
export class PinMismatch extends Error {
  override readonly name = 'PinMismatch';
  constructor(certificates: number) {
    super(`none of the ${certificates} certificates that the server shows has the hash of the token`);
  }
}

/** Posts JSON and returns the JSON answer. @throws ApiError as the manager says it, or an error of the socket. */
export function post(manager: URL, path: string, body: unknown, credentials: Credentials): Promise<unknown> {
  const text = JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        ...managerTls(credentials),
        host: hostOf(manager),
        port: portOf(manager),
        path,
        method: 'POST',
        agent: false,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
      },
      (answer) => {
        let received = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => {
          received += chunk;
          if (received.length > MAX_ANSWER_BYTES) outgoing.destroy(new Error('the answer is longer than any that was asked for'));
        });
        answer.on('end', () => settle(answer.statusCode ?? 0, received, resolve, reject));
        answer.on('error', reject);
      },
    );
    outgoing.setTimeout(ANSWER_LIMIT_MS, () => outgoing.destroy(timeout()));
    outgoing.on('error', reject);
    outgoing.end(text);
  });
}

function settle(status: number, text: string, resolve: (value: unknown) => void, reject: (error: Error) => void): void {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    reject(new Error(`the answer (HTTP ${status}) is not JSON: this is not the API of a Tessera manager`));
    return;
  }
  if (status >= 200 && status < 300) {
    resolve(body);
    return;
  }
  const { code, message } = body as { code?: unknown; message?: unknown };
  if (typeof code !== 'string' || typeof message !== 'string') {
    reject(new Error(`HTTP ${status} without an explanation`));
    return;
  }
  reject(ApiError.fromBody(body as Parameters<typeof ApiError.fromBody>[0]));
}

function chainOf(socket: TLSSocket): DetailedPeerCertificate[] {
  const chain: DetailedPeerCertificate[] = [];
  const seen = new Set<string>();
  for (let one: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true); one?.raw; one = one.issuerCertificate) {
    if (seen.has(one.fingerprint256)) break;
    seen.add(one.fingerprint256);
    chain.push(one);
  }
  return chain;
}

function toPem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function timeout(): Error {
  return Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' });
}

function hostOf(manager: URL): string {
  return manager.hostname.replace(/^\[|\]$/g, '');
}

function portOf(manager: URL): number {
  return Number(manager.port || 443);
}

/** A name for SNI; addresses are not allowed there (RFC 6066, section 3). */
function serverName(manager: URL): { servername?: string } {
  return /^[0-9.]+$|:/.test(hostOf(manager)) ? {} : { servername: hostOf(manager) };
}
