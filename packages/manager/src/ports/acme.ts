import type { AcmeSettings } from '@tessera/api';

/** What a certificate is asked for with. */
export interface AcmeOrder {
  host: string;
  settings: AcmeSettings;
  /** Private key of the account at the authority: a JSON Web Key (RFC 7517). */
  accountKey: string;
}

/** Chain and key in PEM, and when the certificate holds. */
export interface IssuedCertificate {
  chain: string;
  key: string;
  notBefore: number;
  notAfter: number;
}

/** Authorities that certify hosts by ACME (RFC 8555). */
export interface Acme {
  /**
   * Has the host certified. The authority asks the host itself, by the challenge `http-01`, whose answer must be in place before.
   * @throws Error that says what the authority or the way to it says; also when `signal` is aborted.
   */
  issue(order: AcmeOrder, signal: AbortSignal): Promise<IssuedCertificate>;
}
