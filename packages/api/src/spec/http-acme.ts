import { type Static, Type } from 'typebox';
import { strictObject } from './common.js';

/**
 * Where hosts with `tls: auto` get their certificates: a config with {@link AcmeSettings} in JSON, and a secret with the private key of the
 * account there, as JSON Web Key (RFC 7517). Without both nobody is asked.
 */
export const HTTP_ACME = { settings: 'http-acme.json', key: 'http-acme.key' } as const;
/** Let's Encrypt. */
export const DEFAULT_ACME_DIRECTORY = 'https://acme-v02.api.letsencrypt.org/directory';

export const EMAIL_PATTERN = '^[^\\s@]+@[^\\s@]+$';

export const AcmeSettings = strictObject({
  /** URL of the authority's directory (RFC 8555). */
  directory: Type.String({ pattern: '^https://\\S+$', maxLength: 2048 }),
  /** Where the authority may write to. */
  email: Type.Optional(Type.String({ pattern: EMAIL_PATTERN, maxLength: 254 })),
  /** CA certificates in PEM that vouch for the directory, in place of those that all know. */
  ca: Type.Optional(Type.String({ maxLength: 262_144 })),
});
export type AcmeSettings = Static<typeof AcmeSettings>;

/** Names that no public authority certifies. Source: RFC 6761, 6762, 8375, ICANN's `.internal`. */
const LOCAL_SUFFIXES = ['.local', '.internal', '.home.arpa'];

/** Whether the name stands for the own machine, whoever asks: RFC 6761. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost');
}

/** Whether the authority of this directory can certify the host. A directory of one's own may know local names. */
export function isCertifiable(host: string, directory: string = DEFAULT_ACME_DIRECTORY): boolean {
  if (isLoopback(host)) return false;
  return directory !== DEFAULT_ACME_DIRECTORY || (host.includes('.') && !LOCAL_SUFFIXES.some((suffix) => host.endsWith(suffix)));
}
