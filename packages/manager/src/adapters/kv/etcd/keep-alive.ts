import type { CallOptions } from '@grpc/grpc-js';
import type { Etcd3, ILeaseKeepAliveResponse } from 'etcd3';

/**
 * Renews a lease once, on a stream of its own: there is then no stream to watch over between renewals.
 * @returns false when the lease has ended.
 */
export async function keepAliveOnce(client: Etcd3, leaseId: string, options: CallOptions): Promise<boolean> {
  const stream = await client.leaseClient.leaseKeepAlive(options);
  return new Promise((resolve, reject) => {
    stream.on('data', (response: ILeaseKeepAliveResponse) => {
      stream.end();
      resolve(Number(response.TTL) > 0);
    });
    stream.on('error', reject);
    stream.on('end', () => reject(new Error('the member ended the stream')));
    stream.write({ ID: leaseId });
  });
}
