import type { Transport } from '@tessera/api';
import { SystemClock } from '@tessera/kit/clock/system-clock';
import { HttpsTransport } from '@tessera/kit/transport/https-transport';
import type { Context } from './context-store.js';

/** Nothing is sent yet: a manager that cannot be reached shows at the first request. */
export async function connect({ endpoints, ca, certificate, key }: Context): Promise<Transport> {
  return new HttpsTransport({ addresses: endpoints, credentials: { ca, certificate, key }, clock: new SystemClock() });
}
