import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type AcmeSettings, type Client, type Config, DEFAULT_ACME_DIRECTORY, EMAIL_PATTERN, HTTP_ACME } from '@tessera/api';
import { usageFailure } from '../failure.js';
import type { Session } from '../session.js';

/** As the command line has them. */
export interface AcmeOptions {
  acmeDirectory?: string;
  /** A file. */
  acmeCa?: string;
  acmeEmail?: string;
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const EMAIL = new RegExp(EMAIL_PATTERN);

/**
 * Sees to it that the managers know whom to ask for certificates of hosts with `tls: auto`, and have an account there. What is set up already
 * stays unless the options say otherwise.
 * @throws Failure that says which option is wrong.
 */
export async function ensureAcme(client: Client, session: Session, options: AcmeOptions): Promise<void> {
  const wanted = await settingsOf(options);
  const before = (await client.call('listConfigs', {})).find(({ spec }) => spec.name === HTTP_ACME.settings);
  if (wanted ?? !before) await writeSettings(client, session, wanted ?? { directory: DEFAULT_ACME_DIRECTORY }, before);
  if ((await client.call('listSecrets', {})).some(({ spec }) => spec.name === HTTP_ACME.key)) return;
  await client.call('createSecret', { body: { name: HTTP_ACME.key, labels: {}, data: base64(newAccountKey()) } });
  session.note(`+ key of the ACME account created: secret ${HTTP_ACME.key}`);
}

/** @returns undefined when no option says anything. @throws Failure that says which one is wrong. */
export async function settingsOf({ acmeDirectory, acmeCa, acmeEmail }: AcmeOptions): Promise<AcmeSettings | undefined> {
  if (acmeDirectory === undefined && acmeCa === undefined && acmeEmail === undefined) return undefined;
  if (acmeCa !== undefined && acmeDirectory === undefined)
    throw usageFailure('--acme-ca goes with --acme-directory', 'name the directory that the CA vouches for');
  if (acmeEmail !== undefined && !EMAIL.test(acmeEmail)) throw usageFailure(`--acme-email: "${acmeEmail}" is no address of e-mail`);
  return {
    directory: acmeDirectory === undefined ? DEFAULT_ACME_DIRECTORY : directoryOf(acmeDirectory),
    ...(acmeEmail !== undefined && { email: acmeEmail }),
    ...(acmeCa !== undefined && { ca: await readCa(acmeCa) }),
  };
}

function directoryOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' || url.username !== '' || url.hash !== '')
    throw usageFailure(`--acme-directory: "${text}" is no https URL`, 'write it as https://ca.example.com/acme/acme/directory');
  return url.href;
}

async function readCa(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw usageFailure(`--acme-ca: ${file} cannot be read (${error.code})`);
  });
  const certificates = text.match(PEM_CERTIFICATE) ?? [];
  if (certificates.length === 0) throw usageFailure(`--acme-ca: ${file} holds no certificate in PEM`);
  for (const certificate of certificates) {
    if (!isAuthority(certificate))
      throw usageFailure(
        `--acme-ca: ${file} holds a certificate that is not of a CA`,
        "name the file with the authority's root certificate",
      );
  }
  return `${certificates.join('\n')}\n`;
}

function isAuthority(certificate: string): boolean {
  try {
    return new X509Certificate(certificate).ca;
  } catch {
    return false;
  }
}

/** The managers ask nobody while it is not there: not the former authority, and not Let's Encrypt. */
async function writeSettings(client: Client, session: Session, settings: AcmeSettings, before: Config | undefined): Promise<void> {
  const data = base64(`${JSON.stringify(settings, undefined, 2)}\n`);
  if (before?.spec.data === data) return;
  if (before) await client.call('removeConfig', { params: { ref: before.id } });
  await client.call('createConfig', { body: { name: HTTP_ACME.settings, labels: {}, data } });
  session.note(`+ certificates of hosts with tls: auto come from ${settings.directory}: config ${HTTP_ACME.settings}`);
}

/** A JSON Web Key. */
function newAccountKey(): string {
  return JSON.stringify(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }));
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
