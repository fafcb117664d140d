import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Clock } from '@tessera/kit';
import { type Authorization, axios, Client, crypto } from 'acme-client';
import type { Acme, AcmeOrder, IssuedCertificate } from '../../ports/acme.js';
import { httpsRequests } from './https-requests.js';

/** Of all that an order takes. */
const ISSUE_LIMIT_MS = 120_000;
/** How often it is looked whether the authority has validated or made something: for 46 seconds. */
const POLL = { backoffAttempts: 12, backoffMin: 500, backoffMax: 5_000 };
const CHALLENGE = 'http-01';

/** ACME over HTTPS by the library acme-client. One order at a time: what the library asks with is the whole process's. */
export class AcmeClient implements Acme {
  constructor(private readonly clock: Clock) {}

  async issue(order: AcmeOrder, signal: AbortSignal): Promise<IssuedCertificate> {
    const ending = new AbortController();
    const end = (): void => ending.abort(signal.reason);
    const late = (): void => ending.abort(new Error(`the authority takes longer than ${ISSUE_LIMIT_MS / 1_000} s`));
    signal.addEventListener('abort', end, { once: true });
    const timer = this.clock.timer(ISSUE_LIMIT_MS, late);
    try {
      axios.defaults.adapter = httpsRequests(order.settings.ca, ending.signal);
      return await Promise.race([issue(order), aborted(ending.signal)]);
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', end);
    }
  }
}

async function issue({ host, settings, accountKey }: AcmeOrder): Promise<IssuedCertificate> {
  const client = new Client({ directoryUrl: settings.directory, accountKey: pemOf(accountKey), ...POLL });
  const contact = settings.email === undefined ? {} : { contact: [`mailto:${settings.email}`] };
  await client.createAccount({ termsOfServiceAgreed: true, ...contact });
  const order = await client.createOrder({ identifiers: [{ type: 'dns', value: host }] });
  for (const authorization of await client.getAuthorizations(order)) await validate(client, authorization);
  const [key, csr] = await crypto.createCsr({ altNames: [host] }, await crypto.createPrivateEcdsaKey());
  const chain = await client.getCertificate(await client.finalizeOrder(order, csr));
  const { validFrom, validTo } = new X509Certificate(chain);
  return { chain, key: key.toString(), notBefore: Date.parse(validFrom), notAfter: Date.parse(validTo) };
}

/** The answer to the challenge is in place already. @throws Error with what the authority says. */
async function validate(client: Client, { status, identifier, challenges }: Authorization): Promise<void> {
  if (status === 'valid') return;
  const challenge = challenges.find(({ type }) => type === CHALLENGE);
  if (!challenge) throw new Error(`the authority offers no challenge ${CHALLENGE} for ${identifier.value}`);
  const said = await client.completeChallenge(challenge);
  await client.waitForValidStatus(challenge).catch((error: Error) => {
    // Some authorities try again and again and tell meanwhile what they saw first.
    throw new Error(complaintOf(said) ?? error.message, { cause: error });
  });
}

function complaintOf(challenge: object): string | undefined {
  const { error } = challenge as { error?: { detail?: string } };
  return error?.detail;
}

/** The library takes keys in PEM. */
function pemOf(jwk: string): string {
  return createPrivateKey({ key: JSON.parse(jwk), format: 'jwk' })
    .export({ type: 'pkcs8', format: 'pem' })
    .toString();
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const end = (): void => reject(signal.reason);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}
