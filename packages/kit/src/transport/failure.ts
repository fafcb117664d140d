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

const CHECK_ADDRESS = 'check that tessera-manager runs there, that the address is right and that no firewall is between';
const OTHER_CLUSTER = 'check the address; if it is right, get the context of the cluster that is there: tsctl context import';
const CURES: Readonly<Record<string, string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: OTHER_CLUSTER,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: OTHER_CLUSTER,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: OTHER_CLUSTER,
  CERT_SIGNATURE_FAILURE: OTHER_CLUSTER,
  DEPTH_ZERO_SELF_SIGNED_CERT: OTHER_CLUSTER,
  CERT_HAS_EXPIRED: 'set the clock of this host if it is wrong; otherwise restart the manager, which renews its certificate then',
  CERT_NOT_YET_VALID: 'set the clocks of this host and of the manager',
  EPROTO: "check the port: a manager's is 4600 unless it was changed, and something else answers here",
};

/** What to do about a connection that failed. */
export function cureOfFailure(error: unknown): string {
  return CURES[(error as NodeJS.ErrnoException | undefined)?.code ?? ''] ?? CHECK_ADDRESS;
}

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
