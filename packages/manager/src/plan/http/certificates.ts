import type { HostCertificate } from '@tessera/api';
import type { ClusterView } from '../../model/view.js';
import type { AcmeOrder } from '../../ports/acme.js';
import { type AcmeAccount, acmeAccount, acmeHosts, certificateOf } from './acme.js';
import { outdatedProxies, runningProxies } from './proxies.js';

/** After failures: a minute, then four times as long each time. Let's Encrypt takes five that fail of a host in an hour. */
const FIRST_RETRY_MS = 60_000;
const RETRY_FACTOR = 4;
const LONGEST_RETRY_MS = 6 * 3_600_000;
/** What is left of a certificate's life when it is due for renewal. */
const RENEWAL_SHARE = 1 / 3;

/** What to do about the certificate of a host. */
export type CertificateStep =
  | { step: 'order'; order: AcmeOrder; account: AcmeAccount }
  /** It cannot be ordered yet. `why` in words. */
  | { step: 'wait'; why: string; againInMs?: number }
  /** It is good. */
  | { step: 'keep'; againInMs: number }
  | { step: 'forget'; certificate: HostCertificate }
  | { step: 'nothing' };

/** What the certificates of all hosts go by, as the view is now: worked out once for many of them. */
export class Certification {
  readonly account: AcmeAccount | string;
  /** That an authority is to certify. */
  readonly hosts: ReadonlySet<string>;
  #unready: { why: string | undefined } | undefined;

  constructor(readonly view: ClusterView) {
    this.account = acmeAccount(view);
    this.hosts = new Set(acmeHosts(view));
  }

  /** Why the authority cannot be asked yet, in words. Only hosts that are due want to know. */
  get unready(): string | undefined {
    this.#unready ??= { why: whyProxiesAreUnready(this.view) };
    return this.#unready.why;
  }
}

/** Pure. Certificates of hosts that nobody serves any more are kept as long as they hold: the host may come back. */
export function planCertificate(certification: Certification, host: string, now: number): CertificateStep {
  const { account, hosts, view } = certification;
  const certificate = certificateOf(view, host);
  if (!hosts.has(host)) return leftOver(certificate, now);
  if (typeof account === 'string') return { step: 'wait', why: account };
  const freshMs = renewalDue(certificate, account) - now;
  if (freshMs > 0) return { step: 'keep', againInMs: freshMs };
  const retryMs = retryDue(certificate, account) - now;
  if (retryMs > 0) return { step: 'wait', why: certificate?.failure?.error ?? '', againInMs: retryMs };
  const { unready } = certification;
  if (unready !== undefined) return { step: 'wait', why: unready };
  return { step: 'order', order: { host, settings: account.settings, accountKey: account.key }, account };
}

/** All hosts that there may be something to do about. */
export function certificateHosts({ hosts, view }: Certification): Set<string> {
  return new Set([...hosts, ...[...view.all('certificates')].map(({ host }) => host)]);
}

function leftOver(certificate: HostCertificate | undefined, now: number): CertificateStep {
  if (!certificate) return { step: 'nothing' };
  const leftMs = (certificate.issued?.notAfter ?? 0) - now;
  return leftMs > 0 ? { step: 'keep', againInMs: leftMs } : { step: 'forget', certificate };
}

function renewalDue(certificate: HostCertificate | undefined, { settings }: AcmeAccount): number {
  const { issued, askedAt = 0 } = certificate ?? {};
  if (issued?.directory !== settings.directory || askedAt > issued.at) return 0;
  return issued.notAfter - (issued.notAfter - issued.notBefore) * RENEWAL_SHARE;
}

function retryDue(certificate: HostCertificate | undefined, { hash }: AcmeAccount): number {
  const { failure, askedAt = 0 } = certificate ?? {};
  if (failure?.settings !== hash || askedAt > failure.at) return 0;
  return failure.at + Math.min(FIRST_RETRY_MS * RETRY_FACTOR ** (failure.count - 1), LONGEST_RETRY_MS);
}

/** The authority may ask any of the proxies: each must know the answer. */
function whyProxiesAreUnready(view: ClusterView): string | undefined {
  const running = runningProxies(view);
  if (running.length === 0) return 'no proxy runs that could answer the authority';
  return outdatedProxies(view, running).length === 0 ? undefined : 'the proxies do not have the routes yet';
}
