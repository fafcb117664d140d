/** What went wrong on the way to a manager, in words that say what to do. */
export interface TlsFailure {
  kind: 'unreachable' | 'not-tls' | 'old-tls' | 'manager-certificate' | 'clock' | 'own-certificate' | 'other';
  message: string;
}

interface Peer {
  /** `https://host:port`. */
  manager: string;
  /** This host's time in milliseconds since 1970. */
  nowMs: number;
}

const UNREACHABLE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there: is the manager running, and is the port right (4600 unless it was changed)?',
  ENOTFOUND: 'the name is unknown: check the spelling and the DNS of this host',
  EAI_AGAIN: 'the DNS of this host does not answer',
  EHOSTUNREACH: 'there is no route to it from this host',
  ENETUNREACH: 'there is no route to it from this host',
  ETIMEDOUT: 'it does not answer: a firewall may drop the packets',
  ECONNRESET: 'it broke the connection off',
};

const NOT_TLS = new Set(['EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'ERR_SSL_HTTP_REQUEST']);
const OLD_TLS = new Set(['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'ERR_SSL_UNSUPPORTED_PROTOCOL']);
/** Alerts by which a server refuses our certificate. Source: RFC 8446, section 6.2, in OpenSSL's names. */
const OWN_CERTIFICATE =
  /ALERT_(BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_REVOKED|CERTIFICATE_EXPIRED|CERTIFICATE_UNKNOWN|CERTIFICATE_REQUIRED|UNKNOWN_CA|ACCESS_DENIED)$/;
const CLOCK = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);
const MANAGER_CERTIFICATE = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
  'INVALID_PURPOSE',
]);

/** Makes words of an error of a socket, TLS or WebSocket client. */
export function explainFailure(error: unknown, peer: Peer): TlsFailure {
  const { code = '', message } = error instanceof Error ? (error as NodeJS.ErrnoException) : { message: String(error) };
  const { manager, nowMs } = peer;
  const at = (kind: TlsFailure['kind'], text: string): TlsFailure => ({ kind, message: text });
  if (OLD_TLS.has(code))
    return at('old-tls', `${manager} does not speak TLS 1.3: it is no Tessera manager, or something between ends the TLS connection`);
  if (NOT_TLS.has(code))
    return at(
      'not-tls',
      `${manager} answers, but not with TLS: the port belongs to something else (a manager's is 4600 unless it was changed)`,
    );
  if (OWN_CERTIFICATE.test(code))
    return at('own-certificate', `${manager} refuses this node's certificate (${code}): leave the cluster and join again`);
  if (CLOCK.has(code)) return at('clock', clockWords(manager, code, nowMs));
  if (MANAGER_CERTIFICATE.has(code) || message.includes('not one of a manager')) {
    return at(
      'manager-certificate',
      `${manager} does not show a certificate of a manager of this cluster (${code || message}): the address belongs to another cluster or to something else`,
    );
  }
  const cause = UNREACHABLE[code];
  if (cause) return at('unreachable', `${manager} cannot be reached: ${cause} (${code})`);
  return at('other', `${manager}: ${message}`);
}

function clockWords(manager: string, code: string, nowMs: number): string {
  const clock = `this host's clock says ${new Date(nowMs).toISOString()}`;
  const what = code === 'CERT_HAS_EXPIRED' ? 'has expired' : 'is not valid yet';
  return `the certificate of ${manager} ${what}, and ${clock}: if that is wrong, set the clock (NTP); if it is right, renew the manager's certificate`;
}
