const TLS_FAILURES: Readonly<Record<string, string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate was signed by another cluster's CA",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate was signed by another cluster's CA",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its certificate was signed by another cluster's CA",
  CERT_SIGNATURE_FAILURE: "its certificate was signed by another cluster's CA",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is not one of this cluster's CA",
  CERT_HAS_EXPIRED: 'its certificate has expired (or the clock of this host is wrong)',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet (is the clock of this host right?)',
  INVALID_PURPOSE: 'the certificate that it shows is not one of a manager',
  EPROTO: 'it does not speak TLS 1.3',
};

const NETWORK_FAILURES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections',
  ECONNRESET: 'closed the connection',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no route to it',
  ETIMEDOUT: 'does not answer',
  ENOTFOUND: 'this name is not known to the DNS',
  EAI_AGAIN: 'the DNS does not answer',
};

/** Why a connection failed, in words, with the code of the system for those who search for it. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as NodeJS.ErrnoException).code;
  const words = code === undefined ? undefined : (NETWORK_FAILURES[code] ?? TLS_FAILURES[code]);
  if (words !== undefined) return `${words} (${code})`;
  // Several addresses of one name: an error of each.
  if (error instanceof AggregateError && error.errors.length > 0) return describeFailure(error.errors[0]);
  return error.message;
}
