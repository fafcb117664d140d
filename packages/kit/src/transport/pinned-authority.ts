import { X509Certificate } from 'node:crypto';
import { connect, type TLSSocket } from 'node:tls';
import { ApiError } from '@tessera/api';
import type { Clock } from '../clock/clock.js';
import { fingerprint } from '../pki/authority.js';
import { formatAddress, parseAddress } from './address.js';
import { describeFailure } from './failure.js';

export interface PinnedAuthorityOptions {
  address: string;
  /** sha256 of the CA's DER form in hex, as a join token holds it. */
  authorityHash: string;
  clock: Clock;
  /** 5 s when absent. */
  timeoutMs?: number;
}

/**
 * The cluster's CA in PEM, as a manager shows it, when its hash is the one that a join token pins. Sends nothing:
 * a host that joins calls this before it says its token to anybody.
 * @throws ApiError `unavailable` when the manager cannot be reached, `invalid-token` when it is one of another cluster.
 */
export async function fetchPinnedAuthority(options: PinnedAuthorityOptions): Promise<string> {
  const der = await shownAuthorities(options);
  const pinned = der.find((certificate) => fingerprint(certificate) === options.authorityHash);
  if (pinned) return `${new X509Certificate(pinned).toString().trimEnd()}\n`;
  throw new ApiError(
    'invalid-token',
    `the join token is not for the cluster of the manager at ${formatAddress(parseAddress(options.address))}: the hash of its CA is another one`,
    {
      cure: 'take the token and the address from the same cluster (`tsctl token rotate worker` makes a new token)',
    },
  );
}

function shownAuthorities({ address, clock, timeoutMs = 5_000 }: PinnedAuthorityOptions): Promise<Buffer[]> {
  const { host, port } = parseAddress(address);
  return new Promise((resolve, reject) => {
    // The chain is checked by the pinned hash, which is stronger than any CA this host knows.
    const socket = connect({ host, port, minVersion: 'TLSv1.3', rejectUnauthorized: false });
    const timer = clock.timer(timeoutMs, () => socket.destroy(new Error(`no connection within ${timeoutMs} ms`)));
    socket.once('secureConnect', () => {
      timer.cancel();
      resolve(chainOf(socket));
      socket.destroy();
    });
    socket.once('error', (error) => {
      timer.cancel();
      reject(
        new ApiError('unavailable', `the manager at ${formatAddress({ host, port })} ${describeFailure(error)}`, {
          cure: 'check that tessera-manager runs there and that no firewall is between',
          cause: error,
        }),
      );
    });
  });
}

function chainOf(socket: TLSSocket): Buffer[] {
  const chain: Buffer[] = [];
  let certificate = socket.getPeerCertificate(true);
  while (certificate?.raw && chain.length < 8) {
    chain.push(certificate.raw);
    if (certificate.issuerCertificate === certificate) break;
    certificate = certificate.issuerCertificate;
  }
  return chain;
}
