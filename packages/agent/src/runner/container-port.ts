import { connect, type Socket } from 'node:net';
import type { ObservedContainer } from '../model/container.js';

const CONNECT_LIMIT_MS = 5_000;

/** Connects to a TCP port of a container. @throws Error in words for people. */
export function connectTo(container: ObservedContainer | undefined, port: number): Promise<Socket> {
  if (container?.state !== 'running') throw new Error('the task has no running container on its node');
  const address = addressOf(container);
  if (address === undefined) throw new Error('the container of the task has no network');
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, allowHalfOpen: true });
    const fail = (reason: string): void => {
      socket.destroy();
      reject(new Error(`no connection to port ${port} of the container at ${address}: ${reason}`));
    };
    socket.setTimeout(CONNECT_LIMIT_MS, () => fail('no answer'));
    socket.once('error', (error: NodeJS.ErrnoException) => fail(error.code === 'ECONNREFUSED' ? 'nothing listens there' : error.message));
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

/** Containers on the host's own network listen on the host. */
function addressOf({ addresses, networks }: ObservedContainer): string | undefined {
  return Object.values(addresses).find((address) => address !== '') ?? (networks.includes('host') ? '127.0.0.1' : undefined);
}
