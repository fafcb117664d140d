import { request } from 'node:https';
import { rootCertificates } from 'node:tls';
import type { axios } from 'acme-client';

type Adapter = Extract<(typeof axios)['defaults']['adapter'], (...args: never[]) => unknown>;
type Config = Parameters<Adapter>[0];
type Answer = Awaited<ReturnType<Adapter>>;

const REQUEST_LIMIT_MS = 30_000;
/** Chains have some ten kilobytes. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/**
 * How the library asks an authority, in place of its own way, which knows one set of CAs for the whole process and hides why a server cannot be
 * reached.
 * @param ca in PEM, in place of those that all know
 */
export function httpsRequests(ca: string | undefined, signal: AbortSignal): Adapter {
  return (config) =>
    new Promise((resolve, reject) => {
      const url = new URL(config.url ?? '');
      if (url.protocol !== 'https:') throw new Error(`the authority names ${url.href}, which is no https URL`);
      const options = { method: config.method?.toUpperCase() ?? 'GET', headers: headersOf(config), ca: ca ?? [...rootCertificates] };
      const asked = request(url, { ...options, signal, timeout: REQUEST_LIMIT_MS, agent: false }, (response) => {
        const parts: Buffer[] = [];
        let bytes = 0;
        response.on('data', (part: Buffer) => {
          parts.push(part);
          bytes += part.length;
          if (bytes > MAX_ANSWER_BYTES) asked.destroy(new Error(`${url.host} answers with more than ${MAX_ANSWER_BYTES} bytes`));
        });
        response.on('error', reject).on('end', () => {
          const { statusCode: status = 0, statusMessage: statusText = '', headers } = response;
          resolve({ data: Buffer.concat(parts).toString(), status, statusText, headers, config } as Answer);
        });
      });
      asked.on('timeout', () => asked.destroy(new Error(`${url.host} does not answer within ${REQUEST_LIMIT_MS / 1_000} s`)));
      asked.on('error', (error: NodeJS.ErrnoException) => reject(new Error(reasonOf(url, error), { cause: error })));
      asked.end(config.data);
    });
}

function headersOf({ headers }: Config): Record<string, string> {
  return Object.fromEntries(Object.entries(headers.toJSON()).flatMap(([name, value]) => (value == null ? [] : [[name, String(value)]])));
}

/** Of what comes of certificates that are not trusted. Source: Node's documentation of TLS errors. */
const UNTRUSTED = [
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
];

function reasonOf({ host }: URL, { code, message }: NodeJS.ErrnoException): string {
  if (code !== undefined && UNTRUSTED.includes(code))
    return `${host} is certified by a CA that is not trusted: name it with --acme-ca (${message})`;
  return `${host} cannot be asked: ${message}`;
}
